/** Jobs: the list with its filters, one Job, and asking for an update. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { useRefreshInterval } from '../shell/refresh';
import { isOpen, statusSlug } from '../lib/status';
import { get, post } from './client';
import type { Job, JobPage, JobStatus, UpdateAccepted, UpdateBody } from './model';

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

export function useJobs(filter: JobFilter) {
  const idle = useRefreshInterval(REFRESH_MS);
  const running = useRefreshInterval(RUNNING_REFRESH_MS);
  return useQuery({
    queryKey: ['job', 'list', filter],
    queryFn: ({ signal }) =>
      get<JobPage>(
        'job/request',
        {
          status: filter.status.map(statusSlug),
          request_id: filter.requestId,
          job_type: filter.jobType,
          mode: filter.mode,
          limit: filter.limit,
          offset: filter.offset,
          sort: filter.sort,
          sort_order: filter.sortOrder,
        },
        signal,
      ),
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (query.state.data?.data.some(isOpen) === true ? running : idle),
  });
}

export function useJob(requestId: string, isWanted: boolean) {
  const idle = useRefreshInterval(REFRESH_MS, { evenWithDialog: true });
  const running = useRefreshInterval(RUNNING_REFRESH_MS, { evenWithDialog: true });
  return useQuery({
    queryKey: ['job', 'one', requestId],
    queryFn: ({ signal }) => get<Job>(`job/request/${encodeURIComponent(requestId)}`, {}, signal),
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
    },
  });
}
