/** Errors that occurred for Job requests: gathered by code and reason, and every single one. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import type { ErrorStateFilter } from '../lib/errorFilter';
import { typeSlug } from '../lib/label';
import { boundsOf, type Range } from '../lib/range';
import { useRefreshInterval } from '../shell/refresh';
import { get, post, type QueryValue } from './client';
import type {
  IndicatorType,
  ReportedEntry,
  ReportedEntryPage,
  ReportedErrorPage,
  RetryRefusedBody,
  UpdateAccepted,
} from './model';
import { getAll, type Walk } from './walk';

const REFRESH_MS = 30_000;

export interface ErrorFilter {
  requestId: string;
  state: ErrorStateFilter;
  queryId: string;
  updateId: string;
  code: string;
  indicatorType: IndicatorType | '';
  /** A part of message, reason or value. */
  text: string;
  range: Range;
}

export interface Place {
  limit: number;
  offset: number;
}

function queryOf(filter: ErrorFilter): Record<string, QueryValue> {
  return {
    request_id: filter.requestId,
    state: filter.state === 'all' ? '' : filter.state,
    query_id: filter.queryId,
    update_id: filter.updateId,
    code: filter.code,
    indicator_type: filter.indicatorType === '' ? '' : typeSlug(filter.indicatorType),
    text: filter.text,
    ...boundsOf(filter.range, Date.now()),
  };
}

export function useReportedErrors(filter: ErrorFilter, place: Place) {
  return useQuery({
    queryKey: ['report', 'error', filter, place],
    queryFn: ({ signal }) =>
      get<ReportedErrorPage>('report/error', { ...queryOf(filter), ...place }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: useRefreshInterval(REFRESH_MS),
  });
}

/** What Sentinel still refuses of one Job. */
export function useOpenErrorsOf(requestId: string, isWanted: boolean) {
  return useQuery({
    queryKey: ['report', 'error', 'of', requestId],
    queryFn: ({ signal }) =>
      get<ReportedErrorPage>(
        'report/error',
        { request_id: requestId, state: 'open', limit: 100, offset: 0 },
        signal,
      ),
    enabled: isWanted,
    refetchInterval: useRefreshInterval(REFRESH_MS),
  });
}

/** What the filter means in the body of a request. */
export function retryBodyOf(filter: ErrorFilter): RetryRefusedBody {
  const { state: _, ...wanted } = queryOf(filter);
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== ''));
}

/** Sends what Sentinel refused once more. */
export function useRetryRefused() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: RetryRefusedBody) => post<UpdateAccepted>('report/error/retry', body),
    meta: { isShownInPlace: true },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ['report', 'error'] });
      void client.invalidateQueries({ queryKey: ['job'] });
    },
  });
}

/** The single errors behind one line of the report. */
export function useReportedEntries(group: string, filter: ErrorFilter, place: Place) {
  return useQuery({
    queryKey: ['report', 'entry', group, filter, place],
    queryFn: ({ signal }) =>
      get<ReportedEntryPage>('report/error/entry', { ...queryOf(filter), group, ...place }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: useRefreshInterval(REFRESH_MS),
  });
}

/** Every single error that the filter lets through, for a file. */
export function getAllEntries(filter: ErrorFilter, walk: Walk): Promise<ReportedEntry[]> {
  return getAll<ReportedEntry>('report/error/entry', queryOf(filter), walk, {
    limit: 1000,
    keyOf: (entry) => entry.id,
    hold: (first) => ({ until: first.id }),
  });
}
