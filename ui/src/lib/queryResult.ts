/** What came of a TQL query lately, in words. */
import type { QueryResult } from '../api/model';
import { counted, formatCount } from './number';

type RecentJob = QueryResult['recent'][number];

/** `212 sent, 2 refused`; of a Job that failed, that it did. */
export function jobWords({ status, count_sent: sent, count_refused: refused }: RecentJob): string {
  if (status === 'Failed') return 'Failed';
  const parts = [`${formatCount(sent)} sent`];
  if (refused > 0) parts.push(`${formatCount(refused)} refused`);
  return parts.join(', ');
}

/** `38% sent from higher queries`; `null` where nothing of it is, or nobody knows. */
export function overlapShare({ overlap }: QueryResult): string | null {
  if (overlap === null || overlap.count_duplicate === 0 || overlap.count_sendable === 0)
    return null;
  const percent = Math.round((100 * overlap.count_duplicate) / overlap.count_sendable);
  const share = percent === 0 ? 'Less than 1%' : `${percent}%`;
  const from =
    overlap.taken_by === null ? 'higher queries' : `query ${overlap.taken_by.position + 1}`;
  return `${share} sent from ${from}`;
}

/** `Can't send anything: query 1 selects all of it.` */
export function nothingWords(result: QueryResult): string | null {
  const { sends_nothing: why, covered_by: covering } = result;
  if (why === null) return null;
  const places = covering.map(({ position }) => position + 1);
  if (why === 'measured' || places.length === 0) {
    return "Can't send anything: higher queries selected all that it returned.";
  }
  const [first, ...others] = places;
  return others.length === 0
    ? `Can't send anything: query ${first} selects all of it.`
    : `Can't send anything: queries ${places.join(', ')} select all of it.`;
}

/** The last Jobs as a sentence, for those who cannot see their columns. */
export function trendWords(recent: readonly RecentJob[]): string {
  return `Sent by the last ${counted(recent.length, 'Job')}: ${recent.map(jobWords).join('; ')}`;
}
