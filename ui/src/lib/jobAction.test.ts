import { expect, test } from 'vitest';

import { makeJob } from '../test/factories';
import { jobActions, jobCells, jobHeading } from './jobAction';
import { jobStatuses } from './status';

test('a Job that waits can be cancelled, and one that failed tried again', () => {
  const allowed = jobStatuses.filter((status) => jobActions(makeJob({ status })).length > 0);
  expect(allowed).toEqual(['Pending', 'Failed']);
  expect(jobActions(makeJob({ status: 'Pending' }))).toEqual(['cancel']);
  expect(jobActions(makeJob({ status: 'Failed' }))).toEqual(['retry']);
});

test('what was held back is confirmed when the Job has ended', () => {
  const held = { count_held_back: 240 };
  expect(jobActions(makeJob({ ...held, status: 'Upload Complete' }))).toEqual(['withdraw']);
  expect(jobActions(makeJob({ ...held, status: 'Upload In Progress' }))).toEqual([]);
});

test('a line of the file has a cell for each heading, and every field of the API', () => {
  const job = makeJob({ warnings: ['One.', 'Two.'] });
  const cells = jobCells(job);
  expect(cells).toHaveLength(jobHeading.length);
  expect(cells[jobHeading.indexOf('warnings')]).toBe('One. Two.');
  expect(cells[jobHeading.indexOf('query_precedence')]).toBe(1);
  expect(cells[jobHeading.indexOf('context_sent')]).toBeUndefined();
  const context = { waiting: 1, sent: 2, withdrawn: 3, refused: 4, left_out: 5 };
  const others = jobCells(makeJob({ context, count_context: 5 }));
  expect(others[jobHeading.indexOf('count_context')]).toBe(5);
  expect(others[jobHeading.indexOf('context_left_out')]).toBe(5);
  const missing = Object.keys(job).filter((name) => !jobHeading.includes(name));
  expect(missing).toEqual([
    'query',
    'context',
    'waiting_seconds',
    'asked_wait',
    'time_left',
    'pause',
    'trouble',
  ]);
});
