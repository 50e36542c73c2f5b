/** The filters of REPORTS, ERRORS as the address has them. */
import type { ErrorFilter } from '../api/report';
import { indicatorTypes, typeSlug } from './label';
import { isRangeSet, rangeOf } from './range';

export const errorStates = ['open', 'resolved', 'superseded', 'all'] as const;

export type ErrorStateFilter = (typeof errorStates)[number];

/** Reads the filters; what is not understood counts as not chosen. */
export function errorFilterOf(params: URLSearchParams): ErrorFilter {
  const type = params.get('indicator_type');
  const requestId = words(params, 'request_id', 64);
  const state = params.get('state');
  return {
    requestId,
    // What there is to do; but of one Job, everything that happened.
    state: errorStates.find((known) => known === state) ?? (requestId === '' ? 'open' : 'all'),
    queryId: words(params, 'query_id', 64),
    code: words(params, 'code', 32),
    indicatorType: indicatorTypes.find((known) => typeSlug(known) === type) ?? '',
    text: (params.get('text') ?? '').slice(0, 500),
    range: rangeOf(params),
  };
}

function words(params: URLSearchParams, name: string, limit: number): string {
  return (params.get(name) ?? '').replace(/[^A-Za-z0-9-]/g, '').slice(0, limit);
}

/** Whether anything but the state is chosen. */
export function isErrorFiltered({ state: _, range, ...filter }: ErrorFilter): boolean {
  return isRangeSet(range) || Object.values(filter).some((value) => value !== '');
}
