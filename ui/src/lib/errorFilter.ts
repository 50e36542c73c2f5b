/** The filters of REPORTS, ERRORS as the address has them. */
import type { ErrorFilter } from '../api/report';
import { idOf } from './identifier';
import { indicatorTypes, typeSlug } from './label';
import { isRangeSet, rangeOf } from './range';

export const errorStates = ['open', 'resolved', 'superseded', 'all'] as const;

export type ErrorStateFilter = (typeof errorStates)[number];

/** Reads the filters; what is not understood counts as not chosen. */
export function errorFilterOf(params: URLSearchParams): ErrorFilter {
  const type = params.get('indicator_type');
  const requestId = idOf(params.get('request_id'));
  const updateId = idOf(params.get('update_id'));
  const state = params.get('state');
  return {
    requestId,
    // What there is to do; but of one Job or update, everything that happened.
    state:
      errorStates.find((known) => known === state) ??
      (requestId + updateId === '' ? 'open' : 'all'),
    updateId,
    queryId: idOf(params.get('query_id')),
    code: idOf(params.get('code'), 32),
    indicatorType: indicatorTypes.find((known) => typeSlug(known) === type) ?? '',
    text: (params.get('text') ?? '').slice(0, 500),
    range: rangeOf(params),
  };
}

/** Whether anything but the state is chosen. */
export function isErrorFiltered({ state: _, range, ...filter }: ErrorFilter): boolean {
  return isRangeSet(range) || Object.values(filter).some((value) => value !== '');
}
