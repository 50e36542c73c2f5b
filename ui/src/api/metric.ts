/** The App in figures: how it stands now, and by the hour. */
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';

import { isBusy } from '../lib/backlog';
import { useRefreshInterval } from '../shell/refresh';
import { get } from './client';
import { reportKey } from './health';
import type { MetricHistory, MetricSummary } from './model';

const REFRESH_MS = 20_000;
/** While an update runs, its figures should move. */
const RUNNING_REFRESH_MS = 5_000;
/** Figures by the hour change while an update runs, and as it ends, which the summary tells. */
const HISTORY_REFRESH_MS = 5 * 60_000;
const RUNNING_HISTORY_REFRESH_MS = 10_000;

function historyKey(hours: number, summary: MetricSummary): readonly unknown[] {
  return ['metric', 'history', hours, summary.last_update?.update_id ?? null];
}

/** How the App stands. The first answer brings the figures by the hour along: one call less. */
export function useSummary(hours: number) {
  const client = useQueryClient();
  const idle = useRefreshInterval(REFRESH_MS);
  const running = useRefreshInterval(RUNNING_REFRESH_MS);
  return useQuery({
    queryKey: ['metric', 'summary'],
    queryFn: async ({ signal, queryKey }) => {
      const isFirst = client.getQueryData(queryKey) === undefined;
      const summary = await get<MetricSummary>('metric/summary', isFirst ? { hours } : {}, signal);
      client.setQueryData(reportKey, summary.health);
      if (summary.history !== null) {
        client.setQueryData(historyKey(hours, summary), summary.history);
      }
      return summary;
    },
    refetchInterval: (query) =>
      query.state.data !== undefined && isBusy(query.state.data) ? running : idle,
  });
}

/** Figures by the hour; asked for again while an update runs, and when another one has ended. */
export function useHistory(hours: number, summary: MetricSummary) {
  const idle = useRefreshInterval(HISTORY_REFRESH_MS);
  const running = useRefreshInterval(RUNNING_HISTORY_REFRESH_MS);
  return useQuery({
    queryKey: historyKey(hours, summary),
    queryFn: ({ signal }) => get<MetricHistory>('metric/history', { hours }, signal),
    placeholderData: keepPreviousData,
    staleTime: HISTORY_REFRESH_MS,
    refetchInterval: summary.running === null ? idle : running,
  });
}
