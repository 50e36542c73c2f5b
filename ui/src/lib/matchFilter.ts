/** The filters of REPORTS, MATCHES as the address has them. */
import type { MatchFilter, MatchSort } from '../api/match';
import { idOf } from './identifier';
import { indicatorTypes, typeSlug } from './label';
import { matchKinds, severityNames } from './match';
import { isRangeSet, noRange, rangeOf } from './range';

const MOST_CHARS = 500;
const sorts: readonly MatchSort[] = ['last', 'first', 'alerts', 'severity', 'summary'];

/** Reads the filters; what is not understood counts as not chosen. */
export function matchFilterOf(params: URLSearchParams): MatchFilter {
  const type = params.get('indicator_type');
  return {
    kind: matchKinds.find((known) => known === params.get('kind')) ?? '',
    severity: severityNames.find((known) => known === params.get('severity')) ?? '',
    indicatorType: indicatorTypes.find((known) => typeSlug(known) === type) ?? '',
    owner: (params.get('owner') ?? '').slice(0, MOST_CHARS),
    queryId: idOf(params.get('query_id')),
    text: (params.get('text') ?? '').slice(0, MOST_CHARS),
    range: rangeOf(params),
    sort: sorts.find((known) => known === params.get('sort')) ?? 'last',
    sortOrder: params.get('sort_order') === 'asc' ? 'asc' : 'desc',
  };
}

export function isMatchFiltered(filter: MatchFilter): boolean {
  const { kind, severity, indicatorType, owner, queryId, text, range } = filter;
  return isRangeSet(range) || [kind, severity, indicatorType, owner, queryId, text].join('') !== '';
}

/** What clears all of them from the address; the order stays. */
export const noMatchFilter = {
  ...{ kind: '', severity: '', indicator_type: '', owner: '', query_id: '', text: '' },
  ...noRange,
};

/** Sorts by a field, largest or newest first; a second click turns the order round. */
export function withMatchSort(
  filter: MatchFilter,
  field: string,
): { sort: string; sort_order: string } {
  const first = field === 'summary' ? 'asc' : 'desc';
  const other = first === 'asc' ? 'desc' : 'asc';
  const isAgain = filter.sort === field && filter.sortOrder === first;
  return { sort: field, sort_order: isAgain ? other : first };
}
