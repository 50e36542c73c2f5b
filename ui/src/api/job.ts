/** Jobs: the list with its filters, one Job, and asking for an update. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { useRefreshInterval } from '../shell/refresh';
import { boundsOf, type Range } from '../lib/range';
import { isOpen, statusSlug } from '../lib/status';
import { get, post, type QueryValue } from './client';
import type {
  Job,
  JobPage,
  JobStatus,
  Update,
  UpdateAccepted,
  UpdateBody,
  UpdatePage,
} from './model';
import { noteJobs } from './speed';
import { getAll, type Walk } from './walk';

const REFRESH_MS = 20_000;
/** While a Job runs its bars should move. */
const RUNNING_REFRESH_MS = 3_000;

export interface JobFilter {
  status: readonly JobStatus[];
  requestId: string;
  updateId: string;
  queryId: string;
  range: Range;
  jobType: '' | Job['job_type'];
  mode: '' | Job['mode'];
  limit: number;
  offset: number;
  sort: string;
  sortOrder: 'asc' | 'desc';
}

/** The filters as the API takes them; a quick range begins so long before this moment. */
function filtersOf(filter: JobFilter): Record<string, QueryValue> {
  return {
    status: filter.status.map(statusSlug),
    request_id: filter.requestId,
    update_id: filter.updateId,
    query_id: filter.queryId,
    job_type: filter.jobType,
    mode: filter.mode,
  };
}

function sortOf({ sort, sortOrder }: JobFilter): Record<string, QueryValue> {
  return { sort, sort_order: sortOrder };
}

export function useUpdates(filter: JobFilter) {
  const idle = useRefreshInterval(REFRESH_MS);
  const running = useRefreshInterval(RUNNING_REFRESH_MS);
  const { sort: _sort, sortOrder: _order, ...what } = filter;
  return useQuery({
    queryKey: ['job', 'updates', what],
    queryFn: ({ signal }) => {
      const bounds = boundsOf(filter.range, Date.now());
      const place = { limit: filter.limit, offset: filter.offset };
      return get<UpdatePage>('job/update', { ...filtersOf(filter), ...bounds, ...place }, signal);
    },
    placeholderData: keepPreviousData,
    refetchInterval: (query) =>
      query.state.data?.data.some(isUpdateOpen) === true ? running : idle,
  });
}

/** Whether it waits or runs. */
function isUpdateOpen(update: Update): boolean {
  return update.status === 'Pending' || update.status === 'In Progress';
}

/** The Jobs of an update that pass the filters. Those of one that has ended no longer change. */
export function useJobsOf(update: Update, filter: JobFilter) {
  const running = useRefreshInterval(RUNNING_REFRESH_MS);
  const query = { ...filtersOf(filter), ...sortOf(filter), update_id: update.update_id };
  return useQuery({
    queryKey: ['job', 'of', query, update.status],
    queryFn: async ({ signal }) => {
      const jobs = await getAll<Job>(
        'job/request',
        query,
        { signal, onProgress: () => undefined },
        {
          limit: 200,
          keyOf: (job) => job.request_id,
        },
      );
      noteJobs(jobs);
      return jobs;
    },
    placeholderData: keepPreviousData,
    refetchInterval: isUpdateOpen(update) ? running : false,
  });
}

/** Asks for the updates and for the Jobs that are shown at once. */
export function useRefreshJobs(): () => void {
  const client = useQueryClient();
  return () => {
    void client.invalidateQueries({ queryKey: ['job', 'updates'] });
    void client.invalidateQueries({ queryKey: ['job', 'of'] });
  };
}

/** What a list has of a Job already. */
export function useListedJob(requestId: string | null): Job | undefined {
  const lists = useQueryClient().getQueriesData<Job[]>({ queryKey: ['job', 'of'] });
  return lists.flatMap(([, jobs]) => jobs ?? []).find((job) => job.request_id === requestId);
}

/** Every Job that the filter lets through, newest update first, for a file. */
export function getAllJobs(filter: JobFilter, walk: Walk): Promise<Job[]> {
  const query = { ...filtersOf(filter), ...boundsOf(filter.range, Date.now()) };
  return getAll<Job>('job/request', query, walk, {
    limit: 200,
    keyOf: (job) => job.request_id,
  });
}

export function addressOf(requestId: string, action = ''): string {
  return `job/request/${encodeURIComponent(requestId)}${action}`;
}

export function useJob(requestId: string, isWanted: boolean) {
  const idle = useRefreshInterval(REFRESH_MS, { evenWithDialog: true });
  const running = useRefreshInterval(RUNNING_REFRESH_MS, { evenWithDialog: true });
  return useQuery({
    queryKey: ['job', 'one', requestId],
    queryFn: async ({ signal }) => {
      const job = await get<Job>(addressOf(requestId), {}, signal);
      noteJobs([job]);
      return job;
    },
    enabled: isWanted,
    refetchInterval: (query) =>
      query.state.data !== undefined && isOpen(query.state.data) ? running : idle,
  });
}

/** Asks for an ad-hoc update of some or all TQL queries. */
export function useRequestUpdate(options: { isShownInPlace?: boolean } = {}) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: UpdateBody) => post<UpdateAccepted>('job/request', body),
    meta: options,
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['job'] });
      // The list of TQL queries tells which update is queued or running.
      void client.invalidateQueries({ queryKey: ['configure'], exact: true });
    },
  });
}

/** The Jobs that try this one again, newest first. */
export function useRetriesOf(requestId: string, isWanted: boolean) {
  return useQuery({
    queryKey: ['job', 'retries', requestId],
    queryFn: ({ signal }) => get<JobPage>('job/request', { retry_of: requestId }, signal),
    enabled: isWanted,
    refetchInterval: useRefreshInterval(REFRESH_MS, { evenWithDialog: true }),
  });
}

/** Cancels a Job that is still Pending. */
export function useCancelJob() {
  const refresh = useJobsChanged();
  return useMutation({
    mutationFn: (requestId: string) => post<Job>(addressOf(requestId, '/cancel'), {}),
    meta: { isShownInPlace: true },
    onSettled: refresh,
  });
}

/** Tries a Job that failed again. */
export function useRetryJob() {
  const refresh = useJobsChanged();
  return useMutation({
    mutationFn: (requestId: string) => post<UpdateAccepted>(addressOf(requestId, '/retry'), {}),
    meta: { isShownInPlace: true },
    onSettled: refresh,
  });
}

/** Refused or not, how the Jobs stand may have changed. */
export function useJobsChanged() {
  const client = useQueryClient();
  return () => {
    void client.invalidateQueries({ queryKey: ['job'] });
  };
}
