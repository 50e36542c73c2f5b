/** Whether values are in Sentinel, and why not. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { joinRows, partsOf } from '../lib/lookup';
import { post } from './client';
import type { Findings, LookupReply } from './model';

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

/** A line for each value, asked for in parts, so that no request takes long. */
export function useLookup(values: readonly string[]) {
  const [progress, setProgress] = useState<Progress>({ done: 0, reply: null });
  const query = useQuery({
    queryKey: ['lookup', values],
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
