/** Errors that occurred for Job requests: gathered by code and reason, and every single one. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';

import { typeSlug } from '../lib/label';
import { useRefreshInterval } from '../shell/refresh';
import { get, type QueryValue } from './client';
import type { IndicatorType, ReportedEntry, ReportedEntryPage, ReportedErrorPage } from './model';
import { getAll, type Walk } from './walk';

const REFRESH_MS = 30_000;

export interface ErrorFilter {
  requestId: string;
  code: string;
  indicatorType: IndicatorType | '';
  /** RFC 3339 in UTC, or empty. */
  after: string;
  before: string;
}

export interface Place {
  limit: number;
  offset: number;
}

function queryOf(filter: ErrorFilter): Record<string, QueryValue> {
  return {
    request_id: filter.requestId,
    code: filter.code,
    indicator_type: filter.indicatorType === '' ? '' : typeSlug(filter.indicatorType),
    after: filter.after,
    before: filter.before,
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
