/** The filters of REPORTS, VERIFY as the address has them. */
import type { FindingFilter } from '../api/verification';
import { idOf } from './identifier';
import { indicatorTypes, typeSlug } from './label';
import { findingKinds, verifiedTypes } from './verification';

const MOST_CHARS = 500;

/** Reads the filters; what is not understood counts as not chosen. */
export function findingFilterOf(params: URLSearchParams): FindingFilter {
  const type = params.get('indicator_type');
  return {
    kind: findingKinds.find((known) => known === params.get('kind')) ?? '',
    objectType: verifiedTypes.find((known) => known === params.get('object_type')) ?? '',
    indicatorType: indicatorTypes.find((known) => typeSlug(known) === type) ?? '',
    owner: (params.get('owner') ?? '').slice(0, MOST_CHARS),
    queryId: idOf(params.get('query_id')),
    text: (params.get('text') ?? '').slice(0, MOST_CHARS),
  };
}

export function isFindingFiltered(filter: FindingFilter): boolean {
  return Object.values(filter).some((value) => value !== '');
}

/** What clears all of them from the address. */
export const noFindingFilter = {
  kind: '',
  object_type: '',
  indicator_type: '',
  owner: '',
  query_id: '',
  text: '',
};
