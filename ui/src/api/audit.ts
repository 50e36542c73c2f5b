/** Who changed what, when. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';

import type { AuditFilter } from '../lib/auditFilter';
import { boundsOf } from '../lib/range';
import { useRefreshInterval } from '../shell/refresh';
import { get, type QueryValue } from './client';
import type { AuditPage, AuditRecord } from './model';
import type { Place } from './report';
import { getAll, type Walk } from './walk';

const REFRESH_MS = 30_000;

function queryOf(filter: AuditFilter): Record<string, QueryValue> {
  return {
    action: filter.action,
    user: filter.user,
    query_id: filter.queryId,
    update_id: filter.updateId,
    ...boundsOf(filter.range, Date.now()),
  };
}

export function useAudit(filter: AuditFilter, place: Place) {
  return useQuery({
    queryKey: ['report', 'audit', filter, place],
    queryFn: ({ signal }) =>
      get<AuditPage>('report/audit', { ...queryOf(filter), ...place }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: useRefreshInterval(REFRESH_MS),
  });
}

/** Every entry that the filter lets through, for a file. */
export function getAllAudit(filter: AuditFilter, walk: Walk): Promise<AuditRecord[]> {
  return getAll<AuditRecord>('report/audit', queryOf(filter), walk, {
    limit: 200,
    keyOf: auditKey,
  });
}

/** Entries have no id; two within a microsecond with the same words say the same. */
export function auditKey(record: AuditRecord): string {
  return [record.at, record.action, record.detail, record.user].join(' ');
}
