/** A withdrawal that was held back: what it would remove, and its confirmation. */
import { useMutation, useQuery } from '@tanstack/react-query';

import { get, post } from './client';
import { addressOf, useJobsChanged } from './job';
import type { UpdateAccepted, WithdrawableObject, WithdrawableObjectPage } from './model';
import { getAll, type Walk } from './walk';

const SHOWN = 20;
const WALKED = 1_000;

/** The first of the objects that confirming would withdraw now. */
export function useWithdrawable(requestId: string) {
  return useQuery({
    queryKey: ['job', 'withdrawal', requestId],
    queryFn: ({ signal }) =>
      get<WithdrawableObjectPage>(addressOf(requestId, '/withdrawal'), { limit: SHOWN }, signal),
  });
}

/** All of them, for a file. */
export function getAllWithdrawable(requestId: string, walk: Walk): Promise<WithdrawableObject[]> {
  return getAll<WithdrawableObject>(addressOf(requestId, '/withdrawal'), {}, walk, {
    limit: WALKED,
    keyOf: (object) => `${object.type} ${object.hash_kind ?? ''} ${object.value}`,
  });
}

/** Confirms the withdrawal that a Job held back. */
export function useWithdraw() {
  const refresh = useJobsChanged();
  return useMutation({
    mutationFn: (requestId: string) => post<UpdateAccepted>(addressOf(requestId, '/withdraw'), {}),
    meta: { isShownInPlace: true },
    onSettled: refresh,
  });
}
