/** What Sentinel itself says of one object. */
import { useMutation } from '@tanstack/react-query';

import { post } from './client';
import type { ObjectHistory } from './model';

const TIMEOUT_MS = 90_000;

/** Asks Sentinel for the rows of an object, when somebody wants it: a query takes seconds. */
export function useObjectHistory() {
  return useMutation({
    mutationFn: (stixId: string) =>
      post<ObjectHistory>('indicator/history', { stix_id: stixId }, { timeoutMs: TIMEOUT_MS }),
    meta: { isShownInPlace: true },
  });
}
