/** How fast the stages of a running Job are, from what was seen of them lately. */
import type { Job } from '../api/model';
import { type StageName, type StageProgress } from './progress';

/** The rate is that of the last two minutes, so that waiting for the API limit is levelled out. */
const SEEN_MS = 120_000;
/** Over less than this a rate would jump about. */
const LEAST_MS = 5_000;

export interface Sighting {
  atMs: number;
  done: Record<StageName, number>;
}

export function sightingOf(job: Job, atMs: number): Sighting {
  return {
    atMs,
    done: { Read: job.count_read, Converted: job.count_converted, Sent: job.count_sent },
  };
}

const stageNames: readonly StageName[] = ['Read', 'Converted', 'Sent'];

/** What is known with one more sighting. Counts that went far back, after a restart, begin anew. */
export function withSighting(known: readonly Sighting[], next: Sighting): readonly Sighting[] {
  const last = known.at(-1);
  if (last !== undefined) {
    const { done } = last;
    if (stageNames.some((name) => next.done[name] < done[name] / 2)) return [next];
    // The list and the details are asked for apart, and may overtake each other.
    const isOld = stageNames.some((name) => next.done[name] < done[name]);
    if (isOld || next.atMs <= last.atMs) return known;
  }
  const recent = known.filter(({ atMs }) => next.atMs - atMs <= SEEN_MS);
  return [...recent, next];
}

/** Indicators per second; `null` while nobody can say. */
export function rateOf(stage: StageProgress, known: readonly Sighting[]): number | null {
  const last = known.at(-1);
  if (last === undefined) return null;
  const first = known.find(({ done }) => done[stage.name] > 0) ?? last;
  const seenMs = last.atMs - first.atMs;
  if (seenMs >= LEAST_MS) {
    return ((last.done[stage.name] - first.done[stage.name]) * 1000) / seenMs;
  }
  // The page has only just been opened: the mean since the stage began.
  const startMs = stage.startedAt === null ? NaN : new Date(stage.startedAt).getTime();
  const runMs = last.atMs - startMs;
  return runMs >= LEAST_MS ? (stage.done * 1000) / runMs : null;
}

/** `95/s`; empty while it is not known, and while the Job waits, as no rate holds then. */
export function rateText(
  stage: StageProgress,
  known: readonly Sighting[],
  isWaiting = false,
): string {
  if (!stage.isActive || isWaiting) return '';
  const rate = rateOf(stage, known);
  return rate === null || rate <= 0 ? '' : rateWords(rate);
}

function rateWords(rate: number): string {
  if (rate >= 10) return `${new Intl.NumberFormat('en-US').format(Math.round(rate))}/s`;
  if (rate >= 1) return `${rate.toFixed(1)}/s`;
  return `${Math.max(1, Math.round(rate * 60))}/min`;
}
