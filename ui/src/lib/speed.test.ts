import { expect, test } from 'vitest';

import { makeJob } from '../test/factories';
import { jobProgress, type StageProgress } from './progress';
import { rateOf, sightingOf, rateText, withSighting, type Sighting } from './speed';

const start = '2026-03-09T16:00:00Z';
const startMs = new Date(start).getTime();

function reading(count: number, expected: number | null = 10_000) {
  return makeJob({
    status: 'Download In Progress',
    date_download_start: start,
    count_read: count,
    count_expected: expected,
  });
}

function seen(...counts: [seconds: number, count: number][]): readonly Sighting[] {
  return counts.reduce<readonly Sighting[]>(
    (known, [seconds, count]) =>
      withSighting(known, sightingOf(reading(count), startMs + seconds * 1000)),
    [],
  );
}

function readStage(count: number, expected?: number | null): StageProgress {
  const [stage] = jobProgress(reading(count, expected));
  if (stage === undefined) throw new Error('There is no such bar.');
  return stage;
}

test('the rate is that of what was seen', () => {
  expect(rateOf(readStage(1600), seen([100, 1000], [103, 1200], [106, 1600]))).toBe(100);
});

test('a page just opened knows the mean since the stage began', () => {
  expect(rateOf(readStage(1000), seen([20, 1000]))).toBe(50);
  expect(rateOf(readStage(1000), seen([2, 1000]))).toBeNull();
  expect(rateOf(readStage(1000), [])).toBeNull();
});

test('what is older than two minutes no longer counts', () => {
  expect(rateOf(readStage(3200), seen([0, 1], [100, 2000], [220, 3200]))).toBe(10);
});

test('counts that were set back begin anew', () => {
  const known = seen([100, 5000], [110, 6000], [120, 50]);
  expect(known).toHaveLength(1);
});

test('an answer that was overtaken by another one is passed over', () => {
  expect(seen([100, 5000], [110, 6000], [110.1, 5990])).toHaveLength(2);
});

test('words give the rate, in a unit that fits', () => {
  expect(rateText(readStage(4000), seen([100, 1000], [110, 4000]))).toBe('300/s');
  expect(rateText(readStage(104), seen([100, 100], [110, 104]))).toBe('24/min');
  expect(rateText(readStage(140), seen([100, 100], [110, 140]))).toBe('4.0/s');
});

test('a Job that waits has no rate', () => {
  expect(rateText(readStage(4000), seen([100, 1000], [110, 4000]), true)).toBe('');
});

test('what stands still has no words, and neither has what is not under way', () => {
  expect(rateText(readStage(100), seen([100, 100], [110, 100]))).toBe('');
  expect(rateText({ ...readStage(4000), isActive: false }, seen([0, 1], [10, 4000]))).toBe('');
});
