/** Facts of the Service: version, start, next update, last error. */
import { useQuery } from '@tanstack/react-query';

import { useRefreshInterval } from '../shell/refresh';
import { get } from './client';
import type { Health } from './model';

const REFRESH_MS = 60_000;

export function useHealth(isWanted: boolean) {
  return useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => get<Health>('health', {}, signal),
    enabled: isWanted,
    refetchInterval: useRefreshInterval(REFRESH_MS, { evenWithDialog: true }),
  });
}
