import { expect, test } from 'vitest';

import { makeJob } from '../test/factories';
import { isOpen, isRunning, jobStatuses, jobTone, statusesOf, statusSlug } from './status';

test('a clean end is good', () => {
  expect(jobTone(makeJob({ status: 'Upload Complete', count_sent: 3 }))).toBe('good');
});

test.each(['count_refused', 'count_invalid', 'count_failed'] as const)(
  'an end with %s does not look like a clean one',
  (count) => {
    expect(jobTone(makeJob({ status: 'Upload Complete', [count]: 1 }))).toBe('warning');
  },
);

test('an end with a warning does not look like a clean one', () => {
  expect(jobTone(makeJob({ status: 'Upload Complete', warnings: ['held back'] }))).toBe('warning');
});

test('failed is bad whatever was counted', () => {
  expect(jobTone(makeJob({ status: 'Failed', count_refused: 1 }))).toBe('bad');
});

test('every status has an address of its own and comes back from it', () => {
  expect(statusesOf(jobStatuses.map(statusSlug))).toEqual(jobStatuses);
  expect(new Set(jobStatuses.map(statusSlug)).size).toBe(9);
  for (const slug of jobStatuses.map(statusSlug)) expect(slug).toMatch(/^[a-z-]+$/);
});

test('words that are no status are passed over', () => {
  expect(statusesOf(['failed', 'bogus'])).toEqual(['Failed']);
});

test('a waiting Job is open but does not run', () => {
  expect(isOpen(makeJob({ status: 'Pending' }))).toBe(true);
  expect(isRunning(makeJob({ status: 'Pending' }))).toBe(false);
  expect(isRunning(makeJob({ status: 'Convert Complete' }))).toBe(true);
  expect(isOpen(makeJob({ status: 'Cancelled' }))).toBe(false);
});
