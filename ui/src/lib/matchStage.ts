/** How the Task Match stands. */
import type { MatchRun } from '../api/model';

/** The state of the Task Match as the page tells it. */
export type MatchStage = 'off' | 'never' | 'running' | 'failed' | 'no-table' | 'none-seen' | 'done';

export function matchStage(run: MatchRun): MatchStage {
  const { date_began: began, date_ended: ended, outcome } = run;
  if (began === null) return run.interval_hours === 0 ? 'off' : 'never';
  if (ended === null || new Date(ended).getTime() < new Date(began).getTime()) return 'running';
  if (outcome === 'failed') return 'failed';
  if (outcome === 'no-table') return 'no-table';
  return run.date_seen === null ? 'none-seen' : 'done';
}
