/** Who is behind the Indicators: how Context stands, its threat actors, and what Sentinel refuses. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { useRefreshInterval } from '../shell/refresh';
import { get, post } from './client';
import type {
  ActorPage,
  ActorSearchBody,
  Context,
  RefusedContextObjectPage,
  RelatedIndicatorPage,
} from './model';
import type { Place } from './report';

const REFRESH_MS = 30_000;
/** While something waits to be sent. */
const RUNNING_REFRESH_MS = 5_000;

export type ActorSort = NonNullable<ActorSearchBody['sort']>;

export interface ActorFilter {
  state: NonNullable<ActorSearchBody['state']> | '';
  /** A part of a name. */
  text: string;
  sort: ActorSort;
  sortOrder: 'asc' | 'desc';
}

export function useContextState() {
  const idle = useRefreshInterval(REFRESH_MS);
  const running = useRefreshInterval(RUNNING_REFRESH_MS);
  return useQuery({
    queryKey: ['context', 'state'],
    queryFn: ({ signal }) => get<Context>('context', {}, signal),
    refetchInterval: ({ state: { data } }) =>
      data !== undefined && data.count_waiting + data.count_due > 0 ? running : idle,
  });
}

/** The filters as the API takes them, in a body. */
export function actorBodyOf(filter: ActorFilter): ActorSearchBody {
  return {
    ...(filter.state !== '' && { state: filter.state }),
    ...(filter.text !== '' && { text: filter.text }),
    sort: filter.sort,
    sort_order: filter.sortOrder,
  };
}

export function useActors(filter: ActorFilter, place: Place) {
  return useQuery({
    queryKey: ['context', 'actor', filter, place],
    queryFn: ({ signal }) =>
      post<ActorPage>('context/actor', { ...actorBodyOf(filter), ...place }, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: useRefreshInterval(REFRESH_MS),
  });
}

/** The Indicators of one threat actor, a line for each object. */
export function useRelated(actorId: string, place: Place) {
  return useQuery({
    queryKey: ['context', 'related', actorId, place],
    queryFn: ({ signal }) =>
      get<RelatedIndicatorPage>(
        `context/actor/${encodeURIComponent(actorId)}/indicator`,
        { ...place },
        signal,
      ),
    placeholderData: keepPreviousData,
    refetchInterval: useRefreshInterval(REFRESH_MS),
  });
}

export function useRefusedContext(place: Place) {
  return useQuery({
    queryKey: ['context', 'refused', place],
    queryFn: ({ signal }) => get<RefusedContextObjectPage>('context/refused', { ...place }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: useRefreshInterval(REFRESH_MS),
  });
}

/** Has everything sent again that Sentinel refuses. */
export function useSendContext() {
  const refresh = useContextChanged();
  return useMutation({
    mutationFn: () => post<Context>('context/send', {}),
    meta: { isShownInPlace: true },
    onSettled: refresh,
  });
}

/** Allows the withdrawals that are held back, whose number a person has typed. */
export function useWithdrawContext() {
  const refresh = useContextChanged();
  return useMutation({
    mutationFn: (count: number) => post<Context>('context/withdraw', { count }),
    meta: { isShownInPlace: true },
    onSettled: refresh,
  });
}

function useContextChanged() {
  const client = useQueryClient();
  return () => {
    for (const key of ['context', 'task', 'metric', 'health']) {
      void client.invalidateQueries({ queryKey: [key] });
    }
  };
}
