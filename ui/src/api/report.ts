/** Errors that occurred for Job requests. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';

import { useRefreshInterval } from '../shell/refresh';
import { get } from './client';
import type { ReportedErrorPage } from './model';

const REFRESH_MS = 30_000;

export interface ErrorFilter {
  requestId: string;
  limit: number;
  offset: number;
}

export function useReportedErrors(filter: ErrorFilter) {
  return useQuery({
    queryKey: ['report', 'error', filter],
    queryFn: ({ signal }) =>
      get<ReportedErrorPage>(
        'report/error',
        { request_id: filter.requestId, limit: filter.limit, offset: filter.offset },
        signal,
      ),
    placeholderData: keepPreviousData,
    refetchInterval: useRefreshInterval(REFRESH_MS),
  });
}
