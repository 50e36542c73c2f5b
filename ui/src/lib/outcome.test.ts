import { expect, test } from 'vitest';

import { makeJob } from '../test/factories';
import { jobOutcomes, settledCount } from './outcome';

const keys = [
  'sent',
  'unchanged',
  'duplicate',
  'withheld',
  'expired',
  'withdrawn',
  'unsupported',
  'invalid',
  'refused',
  'failed',
] as const;

test('all ten outcomes are listed and add up', () => {
  const counts = Object.fromEntries(keys.map((key, index) => [`count_${key}`, 2 ** index]));
  const job = makeJob(counts);
  expect(jobOutcomes(job).map((outcome) => outcome.count)).toEqual(keys.map((_, i) => 2 ** i));
  expect(settledCount(job)).toBe(1023);
});

test('objects and requests are no outcomes', () => {
  expect(settledCount(makeJob({ count_object: 9, count_request: 9, count_read: 9 }))).toBe(0);
});
