import { expect, test } from 'vitest';

import type { QueryResult } from '../api/model';
import { jobWords, nothingWords, overlapShare, trendWords } from './queryResult';

const job: QueryResult['recent'][number] = {
  request_id: 'j1',
  date_ended: '2026-03-09T16:00:00Z',
  status: 'Upload Complete',
  mode: 'delta',
  count_read: 300,
  count_sent: 212,
  count_refused: 0,
};
const mark = {
  query_id: 'q1',
  position: 0,
  label: 'Phishing',
  label_scope: null,
  is_enabled: true,
};

function makeResult(changes: Partial<QueryResult> = {}): QueryResult {
  return {
    query_id: 'q2',
    objects_live: 0,
    recent: [],
    overlap: null,
    sends_nothing: null,
    covered_by: [],
    ...changes,
  };
}

test('a Job is told by what it sent and what was refused, or that it failed', () => {
  expect(jobWords(job)).toBe('212 sent');
  expect(jobWords({ ...job, count_refused: 2 })).toBe('212 sent, 2 refused');
  expect(jobWords({ ...job, status: 'Failed' })).toBe('Failed');
  expect(trendWords([job, { ...job, count_sent: 1_000 }])).toBe(
    'Sent by the last 2 Jobs: 212 sent; 1,000 sent',
  );
});

test.each([
  [{ count_duplicate: 38, count_sendable: 100, taken_by: null }, '38% sent from higher queries'],
  [{ count_duplicate: 1, count_sendable: 900, taken_by: mark }, 'Less than 1% sent from query 1'],
  [{ count_duplicate: 0, count_sendable: 100, taken_by: null }, null],
  [{ count_duplicate: 0, count_sendable: 0, taken_by: null }, null],
  [null, null],
])('the overlap is a share: %j', (overlap, words) => {
  expect(overlapShare(makeResult({ overlap }))).toBe(words);
});

test.each([
  [{ sends_nothing: null }, null],
  [
    { sends_nothing: 'covered' as const, covered_by: [mark] },
    "Can't send anything: query 1 selects all of it.",
  ],
  [
    { sends_nothing: 'covered' as const, covered_by: [mark, { ...mark, position: 2 }] },
    "Can't send anything: queries 1, 3 select all of it.",
  ],
  [
    { sends_nothing: 'measured' as const },
    "Can't send anything: higher queries selected all that it returned.",
  ],
])('a query that sends nothing says why: %j', (changes, words) => {
  expect(nothingWords(makeResult(changes))).toBe(words);
});
