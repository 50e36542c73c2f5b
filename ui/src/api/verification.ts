/** Whether Sentinel has what was sent: the state of Verify, its findings, and what people do about them. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { typeSlug } from '../lib/label';
import { useRefreshInterval } from '../shell/refresh';
import { post } from './client';
import type {
  ContextSent,
  Finding,
  FindingKind,
  FindingPage,
  FindingSearchBody,
  IndicatorType,
  ObjectType,
  SendFindingsBody,
  UpdateAccepted,
  Verification,
} from './model';
import type { Place } from './report';
import { postAll, type Walk } from './walk';

const REFRESH_MS = 30_000;
/** While Verify or an update about its findings runs. */
const RUNNING_REFRESH_MS = 3_000;
const WALKED = 200;
const PATH = 'verification/finding';

export interface FindingFilter {
  kind: FindingKind | '';
  objectType: ObjectType | '';
  indicatorType: IndicatorType | '';
  owner: string;
  queryId: string;
  /** A part of a value, a pattern or a name. */
  text: string;
}

/** The filters as the API takes them, in a body. */
export function findingBodyOf(filter: FindingFilter): FindingSearchBody & SendFindingsBody {
  return {
    ...(filter.kind !== '' && { kind: filter.kind }),
    ...(filter.objectType !== '' && { object_type: filter.objectType }),
    ...(filter.indicatorType !== '' && {
      indicator_type: typeSlug(filter.indicatorType) as NonNullable<
        FindingSearchBody['indicator_type']
      >,
    }),
    ...(filter.owner !== '' && { owner: filter.owner }),
    ...(filter.queryId !== '' && { query_id: filter.queryId }),
    ...(filter.text !== '' && { text: filter.text }),
  };
}

export function useFindingPage(filter: FindingFilter, place: Place) {
  const idle = useRefreshInterval(REFRESH_MS);
  const running = useRefreshInterval(RUNNING_REFRESH_MS);
  return useQuery({
    queryKey: ['verification', filter, place],
    queryFn: ({ signal }) =>
      post<FindingPage>(PATH, { ...findingBodyOf(filter), ...place }, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state: { data } }) => (data && isMoving(data) ? running : idle),
  });
}

function isMoving({ data, verification }: FindingPage): boolean {
  return verification.date_started !== null || data.some((finding) => finding.is_requested);
}

/** All findings that the filter lets through, for a file. */
export function getAllFindings(filter: FindingFilter, walk: Walk): Promise<Finding[]> {
  return postAll<Finding>(PATH, findingBodyOf(filter), walk, {
    limit: WALKED,
    keyOf: (finding) => finding.id,
  });
}

/** Has Verify run now; of all objects where `isWhole`. */
export function useRunVerify() {
  const refresh = useVerificationChanged();
  return useMutation({
    mutationFn: ({ isWhole }: { isWhole: boolean }) =>
      post<Verification>('verification/run', { whole: isWhole }),
    meta: { isShownInPlace: true },
    onSettled: refresh,
  });
}

/** Sends the objects of findings again: one of them, or all that filters name. */
export function useSendFindings() {
  const refresh = useVerificationChanged();
  return useMutation({
    mutationFn: (body: SendFindingsBody) => post<UpdateAccepted>('verification/send', body),
    meta: { isShownInPlace: true },
    onSettled: refresh,
  });
}

/** Sends context objects of findings again: one of them, or all that filters name. */
export function useSendContext() {
  const refresh = useVerificationChanged();
  return useMutation({
    mutationFn: (body: SendFindingsBody) => post<ContextSent>('verification/send-context', body),
    meta: { isShownInPlace: true },
    onSettled: refresh,
  });
}

/** Withdraws all unknown objects of Indicators, whose number a person has typed. */
export function useWithdrawUnknown() {
  const refresh = useVerificationChanged();
  return useMutation({
    mutationFn: (count: number) => post<UpdateAccepted>('verification/withdraw', { count }),
    meta: { isShownInPlace: true },
    onSettled: refresh,
  });
}

function useVerificationChanged() {
  const client = useQueryClient();
  return () => {
    for (const key of ['verification', 'job', 'task', 'metric']) {
      void client.invalidateQueries({ queryKey: [key] });
    }
  };
}
