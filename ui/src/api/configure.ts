/** The list of TQL queries, and what a query can be made of. */
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { isUnderWay } from '../lib/nextUpdate';
import { useRefreshInterval } from '../shell/refresh';
import { get, post, put } from './client';
import type {
  Configure,
  ConfigureBody,
  Effect,
  EffectBody,
  ExportFile,
  ImportBody,
  Options,
  Preview,
  PreviewBody,
  QueryBody,
  TqlChecked,
} from './model';

const REFRESH_MS = 30_000;
const EFFECT_TIMEOUT_MS = 90_000;
/** While an update is due or running. */
const BUSY_REFRESH_MS = 3_000;

export const configureQuery = queryOptions({
  queryKey: ['configure'],
  queryFn: ({ signal }) => get<Configure>('configure', {}, signal),
});

export function useConfigure() {
  const idle = useRefreshInterval(REFRESH_MS);
  const busy = useRefreshInterval(BUSY_REFRESH_MS);
  return useQuery({
    ...configureQuery,
    refetchInterval: ({ state: { data } }) =>
      data !== undefined && isUnderWay(data, Date.now()) ? busy : idle,
  });
}

/** Comes from ThreatConnect itself, so it is asked for only when a window needs it. */
export function useOptions(isWanted: boolean) {
  return useQuery({
    queryKey: ['configure', 'options'],
    queryFn: ({ signal }) => get<Options>('configure/options', {}, signal),
    enabled: isWanted,
    staleTime: 5 * 60_000,
    retry: false,
  });
}

/** Asks whether ThreatConnect takes the TQL; nothing is stored. */
export function checkQuery(body: QueryBody, signal: AbortSignal): Promise<TqlChecked> {
  return post<TqlChecked>('configure/check', body, { signal });
}

/** Asks what a query would give; nothing is sent and nothing is stored. */
export function previewQuery(body: PreviewBody, signal: AbortSignal): Promise<Preview> {
  return post<Preview>('configure/preview', body, { signal });
}

/** What saving a list would change in Sentinel; nothing is sent and nothing is stored. */
export function useEffectOf(body: EffectBody) {
  return useQuery({
    queryKey: ['configure', 'effect', body],
    queryFn: ({ signal }) =>
      post<Effect>('configure/effect', body, { signal, timeoutMs: EFFECT_TIMEOUT_MS }),
    // ThreatConnect is asked for the counts, so it is asked when a window opens, and not again.
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
    meta: { isShownInPlace: true },
  });
}

export function useSaveConfigure() {
  return useReplacing((body: ConfigureBody) => put<Configure>('configure', body));
}

/** A file in place of the saved list. */
export function useImportConfigure() {
  return useReplacing((body: ImportBody) => put<Configure>('configure/import', body));
}

/** Gives the saved list as a file. */
export function useExportConfigure() {
  return useMutation({ mutationFn: () => get<ExportFile>('configure/export') });
}

function useReplacing<Body>(send: (body: Body) => Promise<Configure>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: send,
    meta: { isShownInPlace: true },
    onSuccess: (saved) => {
      client.setQueryData(configureQuery.queryKey, saved);
      void client.invalidateQueries({ queryKey: ['health'] });
    },
  });
}
