/** Jobs: the list with its filters, one Job, and asking for an update. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { useRefreshInterval } from '../shell/refresh';
import { isOpen, statusSlug } from '../lib/status';
import { get, post, type QueryValue } from './client';
import type { Job, JobPage, JobStatus, UpdateAccepted, UpdateBody } from './model';
import { noteJobs } from './speed';
import { getAll, type Walk } from './walk';

const REFRESH_MS = 20_000;
/** While a Job runs its bars should move. */
const RUNNING_REFRESH_MS = 3_000;

export interface JobFilter {
  status: readonly JobStatus[];
  requestId: string;
  jobType: '' | Job['job_type'];
  mode: '' | Job['mode'];
  limit: number;
  offset: number;
  sort: string;
  sortOrder: 'asc' | 'desc';
}

function queryOf(filter: JobFilter): Record<string, QueryValue> {
  return {
    status: filter.status.map(statusSlug),
    request_id: filter.requestId,
    job_type: filter.jobType,
    mode: filter.mode,
    sort: filter.sort,
    sort_order: filter.sortOrder,
  };
}

export function useJobs(filter: JobFilter) {
  const idle = useRefreshInterval(REFRESH_MS);
  const running = useRefreshInterval(RUNNING_REFRESH_MS);
  return useQuery({
    queryKey: ['job', 'list', filter],
    queryFn: async ({ signal }) => {
      const place = { limit: filter.limit, offset: filter.offset };
      const page = await get<JobPage>('job/request', { ...queryOf(filter), ...place }, signal);
      noteJobs(page.data);
      return page;
    },
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (query.state.data?.data.some(isOpen) === true ? running : idle),
  });
}

/** Every Job that the filter lets through, for a file. */
export function getAllJobs(filter: JobFilter, walk: Walk): Promise<Job[]> {
  return getAll<Job>('job/request', queryOf(filter), walk, {
    limit: 200,
    keyOf: (job) => job.request_id,
  });
}

function addressOf(requestId: string, action = ''): string {
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

/** Confirms the withdrawal that a Job held back. */
export function useWithdraw() {
  const refresh = useJobsChanged();
  return useMutation({
    mutationFn: (requestId: string) => post<UpdateAccepted>(addressOf(requestId, '/withdraw'), {}),
    meta: { isShownInPlace: true },
    onSettled: refresh,
  });
}

/** Refused or not, how the Jobs stand may have changed. */
function useJobsChanged() {
  const client = useQueryClient();
  return () => {
    void client.invalidateQueries({ queryKey: ['job'] });
  };
}
