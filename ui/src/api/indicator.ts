/** What became of one value. */
import { useQuery } from '@tanstack/react-query';

import { post } from './client';
import type { Findings } from './model';

/** ThreatConnect is asked as well, so it is looked up when somebody wants it, and not by itself. */
export function useFindings(value: string) {
  return useQuery({
    queryKey: ['indicator', value],
    // A value is free text: it goes in the body.
    queryFn: ({ signal }) => post<Findings>('indicator/detail', { value }, { signal }),
    enabled: value !== '',
    refetchOnWindowFocus: false,
    retry: false,
  });
}
