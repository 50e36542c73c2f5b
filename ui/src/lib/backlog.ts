/** How much an update still has to do, and how long that takes. */
import type { MetricSummary, UpdateFigures } from '../api/model';
import { outcomeKeys } from './outcome';

/** Over less than this a rate would jump about. */
const LEAST_S = 5;

/** How many Indicators of an update have their outcome. */
export function settledOf({ figures }: UpdateFigures): number {
  return outcomeKeys.reduce((sum, name) => sum + figures[name], 0);
}

/** Whether anything waits or is under way. */
export function isBusy({ running, backlog }: MetricSummary): boolean {
  return running !== null || backlog.updates > 0 || backlog.indicators > 0 || backlog.objects > 0;
}

/** Seconds that are left of a wait that Sentinel asked for. */
function askedS({ limit }: MetricSummary, nowMs: number): number {
  if (limit.asked_wait === null) return 0;
  return Math.max(0, (new Date(limit.asked_wait.until).getTime() - nowMs) / 1000);
}

/** Seconds until what waits is done; `null` while nobody can say. */
export function secondsLeft(summary: MetricSummary, nowMs: number): number | null {
  const { running, backlog } = summary;
  if (!isBusy(summary)) return 0;
  // What is ready to be sent takes at least as long as the limit makes it, after the wait.
  const least = backlog.seconds + askedS(summary, nowMs);
  if (running === null) return backlog.updates > 0 ? null : least;
  const { expected, date_started: startedAt } = running;
  if (expected === null || startedAt === null) return backlog.objects > 0 ? least : null;
  const settled = settledOf(running);
  const elapsed = (nowMs - new Date(startedAt).getTime()) / 1000;
  const missing = Math.max(0, expected - settled);
  if (missing === 0) return least;
  if (settled === 0 || elapsed < LEAST_S) return backlog.objects > 0 ? least : null;
  return Math.max(least, (elapsed * missing) / settled);
}
