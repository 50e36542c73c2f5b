/** Who changed what, when. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';

import { useRefreshInterval } from '../shell/refresh';
import { get } from './client';
import type { AuditPage, AuditRecord } from './model';
import type { Place } from './report';
import { getAll, type Walk } from './walk';

const REFRESH_MS = 30_000;

export function useAudit(place: Place) {
  return useQuery({
    queryKey: ['report', 'audit', place],
    queryFn: ({ signal }) => get<AuditPage>('report/audit', { ...place }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: useRefreshInterval(REFRESH_MS),
  });
}

/** The whole audit, for a file. */
export function getAllAudit(walk: Walk): Promise<AuditRecord[]> {
  return getAll<AuditRecord>('report/audit', {}, walk, { limit: 200, keyOf: auditKey });
}

/** Entries have no id; two within a microsecond with the same words say the same. */
export function auditKey(record: AuditRecord): string {
  return [record.at, record.action, record.detail, record.user].join(' ');
}
