/** Facts of the Service: version, start, next update, last error; and a check of what it needs. */
import { useMutation, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';

import { useRefreshInterval } from '../shell/refresh';
import { get, post } from './client';
import type { CheckReport, Health, HealthReport } from './model';

const REFRESH_MS = 60_000;
/** The App begins no further check after two minutes. */
const CHECK_TIMEOUT_MS = 180_000;

/** Where the state of the Service is kept, whichever answer brought it. */
export const reportKey = ['health', 'report'] as const;
const REPORT_REFRESH_MS = 20_000;

/** Whether the Service does its work; DASHBOARD's figures bring it along. */
export function useHealthReport(isWanted: boolean) {
  return useQuery({
    queryKey: reportKey,
    queryFn: ({ signal }): Promise<HealthReport> => get<Health>('health', {}, signal),
    enabled: isWanted,
    staleTime: REPORT_REFRESH_MS / 2,
    refetchInterval: useRefreshInterval(REPORT_REFRESH_MS, { evenWithDialog: true }),
  });
}

export function useHealth(isWanted: boolean) {
  return useQuery({
    queryKey: ['health', 'facts'],
    queryFn: ({ signal }) => get<Health>('health', {}, signal),
    enabled: isWanted,
    refetchInterval: useRefreshInterval(REFRESH_MS, { evenWithDialog: true }),
  });
}

/** Return which Service this is, as far as it says; null where it does not answer. */
export async function serviceOf(client: QueryClient): Promise<Health['service'] | null> {
  try {
    const health = await client.query({
      queryKey: ['health'],
      staleTime: 'static',
      queryFn: ({ signal }) => get<Health>('health', {}, signal),
    });
    return health.service;
  } catch {
    return null;
  }
}

/** Tries everything that the Service depends on, one by one. */
export function useCheck() {
  const client = useQueryClient();
  return useMutation({
    mutationKey: ['health', 'check'],
    mutationFn: () => post<CheckReport>('health/check', {}, { timeoutMs: CHECK_TIMEOUT_MS }),
    meta: { isShownInPlace: true },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ['health'] });
      void client.invalidateQueries({ queryKey: ['metric', 'summary'] });
    },
  });
}
