/** The filters of JOBS as the address has them. */
import type { JobFilter } from '../api/job';
import { pageParams } from './page';
import { statusesOf } from './status';

export const jobTypes = ['scheduled', 'ad-hoc'] as const;
export const modes = ['delta', 'full', 'reconcile'] as const;

function oneOf<Word extends string>(words: readonly Word[], text: string | null): Word | '' {
  return words.find((word) => word === text) ?? '';
}

/** Reads the filters; what is not understood counts as not chosen. */
export function filterOf(params: URLSearchParams): JobFilter {
  return {
    status: statusesOf(params.getAll('status')),
    requestId: (params.get('request_id') ?? '').replace(/[^A-Za-z0-9-]/g, '').slice(0, 64),
    jobType: oneOf(jobTypes, params.get('job_type')),
    mode: oneOf(modes, params.get('mode')),
    sort: /^[a-z_]+$/.test(params.get('sort') ?? '') ? (params.get('sort') ?? '') : 'date_queued',
    sortOrder: params.get('sort_order') === 'asc' ? 'asc' : 'desc',
    ...pageParams(params),
  };
}

export function isFiltered(filter: JobFilter): boolean {
  return (
    filter.status.length > 0 ||
    filter.requestId !== '' ||
    filter.jobType !== '' ||
    filter.mode !== ''
  );
}

/** Sorts by a field, largest first; a second click turns the order round. */
export function withSort(filter: JobFilter, field: string): { sort: string; sort_order: string } {
  const isAgain = filter.sort === field;
  return { sort: field, sort_order: isAgain && filter.sortOrder === 'desc' ? 'asc' : 'desc' };
}
