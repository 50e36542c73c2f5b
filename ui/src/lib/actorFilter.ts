/** The filters of REPORTS, CONTEXT as the address has them. */
import type { ActorFilter } from '../api/context';
import { contextStates } from './context';

const MOST_CHARS = 500;

/** Reads the filters; what is not understood counts as not chosen. */
export function actorFilterOf(params: URLSearchParams): ActorFilter {
  const sort = params.get('sort') === 'objects' ? 'objects' : 'name';
  const order = params.get('sort_order');
  const usual = sort === 'name' ? 'asc' : 'desc';
  return {
    state: contextStates.find((known) => known === params.get('state')) ?? '',
    text: (params.get('text') ?? '').slice(0, MOST_CHARS),
    sort,
    sortOrder: order === 'asc' || order === 'desc' ? order : usual,
  };
}

export function isActorFiltered({ state, text }: ActorFilter): boolean {
  return state !== '' || text !== '';
}

/** What clears all of them from the address; the order stays. */
export const noActorFilter = { state: '', text: '' };

/** Sorts by a field, names from A and most objects first; a second click turns the order round. */
export function withActorSort(
  filter: ActorFilter,
  field: string,
): { sort: string; sort_order: string } {
  const first = field === 'name' ? 'asc' : 'desc';
  const other = first === 'asc' ? 'desc' : 'asc';
  const isAgain = filter.sort === field && filter.sortOrder === first;
  return { sort: field, sort_order: isAgain ? other : first };
}
