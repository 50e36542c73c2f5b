/** Indicators of ours in the alerts of Sentinel, and how the Task Match stands. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';

import { typeSlug } from '../lib/label';
import { boundsOf, type Range } from '../lib/range';
import { useRefreshInterval } from '../shell/refresh';
import { get, post } from './client';
import type {
  IndicatorType,
  MatchedAlert,
  MatchedAlertPage,
  MatchedIndicator,
  MatchedIndicatorPage,
  MatchedIndicatorSearchBody,
} from './model';
import type { Place } from './report';
import { postAll, type Walk } from './walk';

const REFRESH_MS = 30_000;
const WALKED = 200;

export type MatchSort = NonNullable<MatchedIndicatorSearchBody['sort']>;

export interface MatchFilter {
  kind: MatchedAlert['kind'] | '';
  severity: MatchedAlert['severity'] | '';
  indicatorType: IndicatorType | '';
  owner: string;
  queryId: string;
  /** A part of a value or of an alert's name. */
  text: string;
  range: Range;
  sort: MatchSort;
  sortOrder: 'asc' | 'desc';
}

/** What narrows the alerts, of which the matches are made. */
function alertFields(filter: MatchFilter) {
  const { after, before } = boundsOf(filter.range, Date.now());
  return {
    ...(filter.kind !== '' && { kind: filter.kind }),
    ...(filter.severity !== '' && { severity: filter.severity }),
    ...(after !== '' && { after }),
    ...(before !== '' && { before }),
  };
}

/** The filters as the API takes them, in a body. */
export function matchBodyOf(filter: MatchFilter): MatchedIndicatorSearchBody {
  return {
    ...alertFields(filter),
    ...(filter.indicatorType !== '' && {
      indicator_type: typeSlug(filter.indicatorType) as NonNullable<
        MatchedIndicatorSearchBody['indicator_type']
      >,
    }),
    ...(filter.owner !== '' && { owner: filter.owner }),
    ...(filter.queryId !== '' && { query_id: filter.queryId }),
    ...(filter.text !== '' && { text: filter.text }),
    sort: filter.sort,
    sort_order: filter.sortOrder,
  };
}

export function useMatches(filter: MatchFilter, place: Place) {
  return useQuery({
    queryKey: ['match', filter, place],
    queryFn: ({ signal }) =>
      post<MatchedIndicatorPage>('match', { ...matchBodyOf(filter), ...place }, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: useRefreshInterval(REFRESH_MS),
  });
}

/** The alerts behind one matched Indicator, newest first. */
export function useMatchedAlerts(indicatorId: string, filter: MatchFilter, place: Place) {
  return useQuery({
    queryKey: ['match', 'alert', indicatorId, filter, place],
    queryFn: ({ signal }) =>
      get<MatchedAlertPage>(
        `match/${encodeURIComponent(indicatorId)}/alert`,
        { ...alertFields(filter), ...place },
        signal,
      ),
    placeholderData: keepPreviousData,
    refetchInterval: useRefreshInterval(REFRESH_MS),
  });
}

/** All matched Indicators that the filter lets through, for a file. */
export function getAllMatches(filter: MatchFilter, walk: Walk): Promise<MatchedIndicator[]> {
  return postAll<MatchedIndicator>('match', matchBodyOf(filter), walk, {
    limit: WALKED,
    keyOf: (matched) => matched.id ?? '',
  });
}
