import { expect, test } from 'vitest';

import type { Update } from '../api/model';
import { makeUpdate } from '../test/factories';
import { unfoldedAtFirst, updateFace, updateSentence } from './updateSentence';

const query = {
  query_id: 'q1',
  position: 0,
  current_position: 0,
  label: 'Hosts',
  label_scope: null,
};

/** The sentence as text; times as their clock, queries in brackets. */
function say(changes: Partial<Update>): string {
  return updateSentence(makeUpdate(changes))
    .map((part) => {
      if (typeof part === 'string') return part;
      return 'at' in part ? part.at.slice(11, 16) : `[${part.query.label}]`;
    })
    .join('');
}

const hour = {
  last_modified_filter_start: '2026-03-09T10:00:00Z',
  last_modified_filter_end: '2026-03-09T11:00:00Z',
};

test('a delta says its time, and what became of everything that it read', () => {
  const counts = { count_read: 1212, count_sent: 1180, count_unchanged: 30, count_duplicate: 2 };
  expect(say({ ...hour, ...counts, duplicates_from: query })).toBe(
    'Delta from 10:00 to 11:00: 1,212 read, 1,180 sent, 30 unchanged, 2 sent from query [Hosts].',
  );
  expect(say({ ...hour, count_read: 2, count_duplicate: 2 })).toBe(
    'Delta from 10:00 to 11:00: 2 read, 0 sent, 2 duplicates.',
  );
  expect(say({ ...hour, last_modified_filter_start: null })).toBe('Delta up to 11:00: 0 read.');
  const rare = { count_withheld: 1, count_expired: 2, count_unsupported: 3, count_invalid: 4 };
  expect(say({ ...rare, count_read: 10, count_refused: 5, count_withdrawn: 6 })).toBe(
    'Delta: 10 read, 0 sent, 1 withheld, 2 expired, 3 unsupported, 4 invalid, 5 refused, ' +
      '6 withdrawn.',
  );
});

test('a full update or a reconcile has no window; a single query is named', () => {
  expect(say({ ...hour, mode: 'full', count_jobs: 2, count_read: 5, count_sent: 5 })).toBe(
    'Full update: 5 read, 5 sent.',
  );
  expect(say({ mode: 'reconcile', only_query: query })).toBe('Reconcile of query [Hosts]: 0 read.');
  expect(say({ ...hour, only_query: query })).toBe(
    'Delta of query [Hosts] from 10:00 to 11:00: 0 read.',
  );
});

test('an update of what a person chose says so', () => {
  const about = (scope: Update['scope']) =>
    say({ ...hour, scope, count_asked: 13, count_read: 13 });
  expect(about('refused')).toBe('Send refused again: 13 Indicators, 13 read, 0 sent.');
  expect(about('send')).toBe('Send now: 13 values, 13 read, 0 sent.');
  expect(say({ scope: 'withdraw', count_asked: 1, count_withdrawn: 1 })).toBe(
    'Withdraw now: 1 value, 0 read, 1 withdrawn.',
  );
});

test('what waits, runs or was cancelled says so', () => {
  expect(say({ status: 'Pending', mode: 'full' })).toBe('Full update: waiting to start.');
  expect(say({ status: 'Cancelled' })).toBe('Delta: cancelled before it started.');
  const running = { status: 'In Progress', mode: 'full', count_read: 500, count_sent: 90 } as const;
  expect(say({ ...running, count_expected: 2000 })).toBe(
    'Full update: 500 of 2,000 read, 90 sent so far.',
  );
  expect(say({ ...running, count_expected: 400 })).toBe('Full update: 500 read, 90 sent so far.');
  expect(say({ count_jobs: 3, count_cancelled_jobs: 1, count_read: 1, count_sent: 1 })).toBe(
    'Delta: 1 Job cancelled, 1 read, 1 sent.',
  );
});

test('a failure comes first, with its code and how many Jobs it took', () => {
  const failed = { status: 'Failed', failure_code: 'AZ-403', count_failed_jobs: 1 } as const;
  expect(say({ ...failed, count_read: 9, count_failed: 9 })).toBe(
    'Delta: failed (AZ-403), 9 read, 0 sent, 9 not sent.',
  );
  expect(say({ ...failed, count_jobs: 60, failure_code: null })).toBe(
    'Delta: 1 of 60 Jobs failed, 0 read.',
  );
  expect(say({ retry_of: 'abc', only_query: query })).toBe(
    'Retry, delta of query [Hosts]: 0 read.',
  );
});

test('a withdrawal says whether it waits for a decision, was confirmed, or was not made', () => {
  expect(say({ count_held_back: 1591, decision_request_id: 'j1' })).toBe(
    'Delta: withdrawal of 1,591 objects needs your decision, 0 read.',
  );
  expect(say({ count_held_back: 1 })).toBe('Delta: 1 object not withdrawn, 0 read.');
  expect(say({ is_confirmed: true, count_withdrawn: 7 })).toBe(
    'Confirmed withdrawal, delta: 0 read, 7 withdrawn.',
  );
});

test('an update with losses never looks like a clean one', () => {
  const face = (changes: Partial<Update>) => updateFace(makeUpdate(changes));
  expect(face({}).tone).toBe('good');
  expect(face({ count_refused: 1 }).tone).toBe('warning');
  expect(face({ count_held_back: 1 }).tone).toBe('warning');
  expect(face({ status: 'Failed' }).tone).toBe('bad');
  expect(face({ status: 'Failed', decision_request_id: 'j1' }).words).toBe('Needs decision');
});

test('what runs, failed, or waits for a decision is unfolded', () => {
  const updates = [
    makeUpdate({ update_id: 'running', status: 'In Progress' }),
    makeUpdate({ update_id: 'done' }),
    makeUpdate({ update_id: 'failed', status: 'Failed' }),
    makeUpdate({ update_id: 'decision', decision_request_id: 'j1' }),
  ];
  expect(unfoldedAtFirst(updates, false)).toEqual(['running', 'failed', 'decision']);
  expect(unfoldedAtFirst(updates, true)).toEqual(['running', 'done', 'failed', 'decision']);
});

test('a page full of failed updates does not unfold thousands of rows', () => {
  const updates = Array.from({ length: 80 }, (_, number) =>
    makeUpdate({ update_id: String(number), status: 'Failed', count_matching_jobs: 60 }),
  );
  expect(unfoldedAtFirst(updates, false)).toEqual(['0', '1', '2']);
  expect(
    unfoldedAtFirst([makeUpdate({ status: 'Failed', count_matching_jobs: 500 })], false),
  ).toHaveLength(1);
});
