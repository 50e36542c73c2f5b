/** Whether values are in Sentinel, and why not. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { joinRows, partsOf } from '../lib/lookup';
import { post } from './client';
import type { Findings, LookupReply, UpdateAccepted } from './model';

/** ThreatConnect is asked as well, so values are looked up when somebody wants it, not by themselves. */
const onDemand = { refetchOnWindowFocus: false, refetchOnReconnect: false, retry: false } as const;

/** Everything about one value. */
export function useFindings(value: string) {
  return useQuery({
    queryKey: ['indicator', value],
    // A value is free text: it goes in the body.
    queryFn: ({ signal }) => post<Findings>('indicator/detail', { value }, { signal }),
    enabled: value !== '',
    ...onDemand,
  });
}

export interface Progress {
  /** Values that have been looked up. */
  done: number;
  /** What was found so far. */
  reply: LookupReply | null;
}

/**
 * A line for each value, asked for in parts, so that no request takes long.
 *
 * @param list names the list; another one is looked up again although it has the same values.
 */
export function useLookup(list: string, values: readonly string[]) {
  const [progress, setProgress] = useState<Progress>({ done: 0, reply: null });
  const query = useQuery({
    queryKey: ['lookup', list, values],
    queryFn: async ({ signal }) => {
      let reply: LookupReply | null = null;
      let done = 0;
      setProgress({ done, reply });
      for (const part of partsOf(values)) {
        const found: LookupReply = await post('indicator', { values: part }, { signal });
        reply = joinRows(reply, found);
        done += part.length;
        setProgress({ done, reply });
      }
      return reply;
    },
    enabled: values.length > 0,
    staleTime: Infinity,
    ...onDemand,
  });
  return { query, progress };
}

export type ValueAction = 'send' | 'withdraw';

/** Queues an update that sends or withdraws chosen values at once. */
export function useValueAction(action: ValueAction) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { values: string[]; reason?: string }) =>
      post<UpdateAccepted>(`indicator/${action}`, body),
    onSuccess: () => client.invalidateQueries({ queryKey: ['jobs'] }),
  });
}

/** Has what is shown of single values looked up again. */
export function useForgetFindings(): () => void {
  const client = useQueryClient();
  return () => void client.invalidateQueries({ queryKey: ['indicator'] });
}
