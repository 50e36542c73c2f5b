/** One sentence that explains an update: what it covers, and what it did or waits for. */
import type { Update, UpdateQuery } from '../api/model';
import { counted, formatCount } from './number';
import { scopeText } from './scope';
import type { Tone } from './status';

/** Words, a moment to be shown in the reader's time zone, or a query to be named. */
export type SentencePart = string | { at: string } | { query: UpdateQuery };

const names: Record<Update['mode'], string> = {
  delta: 'Delta',
  full: 'Full update',
  reconcile: 'Reconcile',
};

export function updateSentence(update: Update): SentencePart[] {
  return joined([...subject(update), ...facts(update), '.']);
}

function subject(update: Update): SentencePart[] {
  if (update.scope !== 'whole') return [scopeText(update), ', '];
  const parts: SentencePart[] = [];
  if (update.is_confirmed) parts.push('Confirmed withdrawal, ');
  if (update.retry_of !== null) parts.push('Retry, ');
  const name = names[update.mode];
  parts.push(parts.length === 0 ? name : name.toLowerCase());
  if (update.only_query !== null) parts.push(' of query ', { query: update.only_query });
  const { last_modified_filter_start: start, last_modified_filter_end: end } = update;
  if (update.mode === 'delta' && end !== null) {
    parts.push(...(start === null ? [' up to '] : [' from ', { at: start }, ' to ']), { at: end });
  }
  parts.push(': ');
  return parts;
}

function facts(update: Update): SentencePart[] {
  if (update.status === 'Pending') return ['waiting to start'];
  if (update.status === 'Cancelled') return ['cancelled before it started'];
  const ends = [...endings(update), ...outcomes(update)];
  return ends.flatMap((part, index) => (index === 0 ? part : [', ', ...part]));
}

/** What went wrong or waits for somebody, before the numbers. */
function endings(update: Update): SentencePart[][] {
  const found: SentencePart[][] = [];
  if (update.decision_request_id !== null) {
    found.push([`withdrawal of ${counted(update.count_held_back, 'object')} needs your decision`]);
  } else if (update.count_held_back > 0) {
    found.push([`${counted(update.count_held_back, 'object')} not withdrawn`]);
  }
  if (update.count_failed_jobs > 0) {
    const code = update.failure_code === null ? '' : ` (${update.failure_code})`;
    const { count_failed_jobs: failed, count_jobs: jobs } = update;
    found.push([
      jobs === 1
        ? `failed${code}`
        : `${formatCount(failed)} of ${counted(jobs, 'Job')} failed${code}`,
    ]);
  }
  if (update.count_cancelled_jobs > 0) {
    found.push([`${counted(update.count_cancelled_jobs, 'Job')} cancelled`]);
  }
  return found;
}

function outcomes(update: Update): SentencePart[][] {
  const isRunning = update.status === 'In Progress';
  const expected = update.count_expected;
  const isKnown = isRunning && expected !== null && expected > update.count_read;
  const read = `${formatCount(update.count_read)}${isKnown ? ` of ${formatCount(expected)}` : ''} read`;
  const found: SentencePart[][] = [[read]];
  const add = (count: number, words: string) => {
    if (count > 0) found.push([`${formatCount(count)} ${words}`]);
  };
  if (isRunning || update.count_read > 0 || update.count_sent > 0) {
    found.push([`${formatCount(update.count_sent)} sent${isRunning ? ' so far' : ''}`]);
  }
  add(update.count_unchanged, 'unchanged');
  if (update.count_duplicate > 0) {
    const from = update.duplicates_from;
    found.push(
      from === null
        ? [counted(update.count_duplicate, 'duplicate')]
        : [`${formatCount(update.count_duplicate)} sent from query `, { query: from }],
    );
  }
  add(update.count_withheld, 'withheld');
  add(update.count_expired, 'expired');
  add(update.count_unsupported, 'unsupported');
  add(update.count_invalid, 'invalid');
  add(update.count_refused, 'refused');
  add(update.count_withdrawn, 'withdrawn');
  add(update.count_failed, 'not sent');
  return found;
}

/** Words beside each other as one text. */
function joined(parts: readonly SentencePart[]): SentencePart[] {
  const found: SentencePart[] = [];
  for (const part of parts) {
    const last = found.at(-1);
    if (typeof part === 'string' && typeof last === 'string') found[found.length - 1] = last + part;
    else found.push(part);
  }
  return found;
}

export interface UpdateFace {
  words: string;
  tone: Tone;
  icon: 'question' | 'change' | 'check' | 'alert' | 'cancel' | 'warning';
}

/** The state of an update to the eye; one with losses never looks like a clean one. */
export function updateFace(update: Update): UpdateFace {
  if (update.decision_request_id !== null) {
    return { words: 'Needs decision', tone: 'warning', icon: 'warning' };
  }
  const words = update.status;
  if (words === 'Pending') return { words, tone: 'neutral', icon: 'question' };
  if (words === 'In Progress') return { words, tone: 'active', icon: 'change' };
  if (words === 'Failed') return { words, tone: 'bad', icon: 'alert' };
  if (words === 'Cancelled') return { words, tone: 'neutral', icon: 'cancel' };
  const losses = update.count_refused + update.count_invalid + update.count_failed;
  return losses > 0 || update.count_held_back > 0
    ? { words, tone: 'warning', icon: 'warning' }
    : { words, tone: 'good', icon: 'check' };
}

/** So many rows are shown without being asked for; a screen that is full of them helps nobody. */
const MOST_ROWS = 200;

/**
 * The updates that are unfolded without being asked: those that run, failed, or wait for a
 * decision; all of them where single Jobs are looked for.
 */
export function unfoldedAtFirst(updates: readonly Update[], isNarrowed: boolean): string[] {
  const found: string[] = [];
  let rows = 0;
  for (const update of updates) {
    const needsEyes =
      update.status === 'In Progress' ||
      update.status === 'Failed' ||
      update.decision_request_id !== null ||
      (update.status === 'Pending' && update.count_jobs === 1);
    if (!needsEyes && !isNarrowed) continue;
    rows += update.count_matching_jobs;
    if (found.length === 0 || rows <= MOST_ROWS) found.push(update.update_id);
  }
  return found;
}
