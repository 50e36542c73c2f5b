/** When an update is under way or about to be, seen from the list of TQL queries. */
import type { Configure, MetricSummary } from '../api/model';

/** Whether the next scheduled update is due; one that waits for its turn is. */
export function isDue(
  { next_update: next }: Pick<Configure | MetricSummary, 'next_update'>,
  nowMs: number,
): boolean {
  return next !== null && new Date(next.at).getTime() <= nowMs;
}

/** Whether what is shown of updates and their results may change at any moment. */
export function isUnderWay(saved: Configure, nowMs: number): boolean {
  return saved.open_update !== null || isDue(saved, nowMs);
}
