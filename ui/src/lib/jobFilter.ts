/** The filters of JOBS as the address has them. */
import { idOf } from './identifier';
import type { JobFilter } from '../api/job';
import { pageParams } from './page';
import { isRangeSet, noRange, rangeOf } from './range';
import { statusesOf } from './status';

export const jobTypes = ['scheduled', 'ad-hoc', 'verify'] as const;
export const modes = ['delta', 'full', 'reconcile'] as const;

function oneOf<Word extends string>(words: readonly Word[], text: string | null): Word | '' {
  return words.find((word) => word === text) ?? '';
}

/** Reads the filters; what is not understood counts as not chosen. */
export function filterOf(params: URLSearchParams): JobFilter {
  return {
    status: statusesOf(params.getAll('status')),
    requestId: idOf(params.get('request_id')),
    updateId: idOf(params.get('update_id')),
    queryId: idOf(params.get('query_id')),
    jobType: oneOf(jobTypes, params.get('job_type')),
    mode: oneOf(modes, params.get('mode')),
    range: rangeOf(params),
    sort: /^[a-z_]+$/.test(params.get('sort') ?? '') ? (params.get('sort') ?? '') : 'position',
    sortOrder: params.get('sort_order') === 'desc' ? 'desc' : 'asc',
    ...pageParams(params),
  };
}

export function isFiltered(filter: JobFilter): boolean {
  return (
    isNarrowed(filter) || filter.jobType !== '' || filter.mode !== '' || isRangeSet(filter.range)
  );
}

/** Whether single Jobs are looked for, and not whole updates. */
export function isNarrowed(filter: JobFilter): boolean {
  return (
    filter.status.length > 0 ||
    filter.requestId !== '' ||
    filter.updateId !== '' ||
    filter.queryId !== ''
  );
}

/** What clears all of them from the address. */
export const noFilter = {
  ...{ status: [], request_id: '', update_id: '', query_id: '', job_type: '', mode: '' },
  ...noRange,
};

/** Sorts by a field, largest first; a second click turns the order round. */
export function withSort(filter: JobFilter, field: string): { sort: string; sort_order: string } {
  const isAgain = filter.sort === field;
  return { sort: field, sort_order: isAgain && filter.sortOrder === 'desc' ? 'asc' : 'desc' };
}
