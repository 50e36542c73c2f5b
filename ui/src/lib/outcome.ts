/** The accounting of a Job: every Indicator that was read ends in exactly one outcome. */
import type { Job } from '../api/model';
import type { Tone } from './status';

export interface Outcome {
  name: string;
  /** What the word means, for people who meet it the first time. */
  meaning: string;
  tone: Tone;
  count: number;
}

const outcomes = [
  ['Sent', 'sent', 'good', 'Accepted by Sentinel'],
  ['Unchanged', 'unchanged', 'neutral', 'Already up to date in Sentinel'],
  ['Duplicate', 'duplicate', 'neutral', 'Sent from a higher query, or as another copy'],
  ['Withheld', 'withheld', 'neutral', 'Held back by TLP limit or Never Send'],
  ['Expired', 'expired', 'neutral', 'Its external expiry date has passed'],
  ['Withdrawn', 'withdrawn', 'neutral', 'Marked as revoked in Sentinel'],
  ['Unsupported', 'unsupported', 'neutral', 'Its type or hash has no STIX pattern'],
  ['Invalid', 'invalid', 'warning', 'Its value makes no valid pattern'],
  ['Refused', 'refused', 'warning', 'Sentinel returned an error'],
  ['Failed', 'failed', 'bad', 'Not sent because the Job failed'],
] as const;

export const outcomeKeys = outcomes.map(([, key]) => key);

/** All ten outcomes of a Job, the empty ones too, in the order they are shown in. */
export function jobOutcomes(job: Job): Outcome[] {
  return outcomes.map(([name, key, tone, meaning]) => ({
    name,
    meaning,
    tone,
    count: job[`count_${key}`],
  }));
}

/** How many Indicators have their outcome. When a Job has ended, this equals what was read. */
export function settledCount(job: Job): number {
  return jobOutcomes(job).reduce((sum, outcome) => sum + outcome.count, 0);
}
