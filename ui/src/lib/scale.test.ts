import { describe, expect, it } from 'vitest';

import { formatShort, stackOf, ticksOf } from './scale';

describe('ticksOf', () => {
  it.each([
    [0, [0, 1]],
    [1, [0, 1]],
    [3, [0, 1, 2, 3]],
    [7, [0, 2, 4, 6, 8]],
    [1086, [0, 500, 1000, 1500]],
    [100_000, [0, 50_000, 100_000]],
  ])('goes in round steps to %d', (max, ticks) => {
    expect(ticksOf(max)).toEqual(ticks);
  });

  it('always reaches the largest value with at most five ticks', () => {
    for (let max = 1; max < 5_000; max += 7) {
      const ticks = ticksOf(max);
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(max);
      expect(ticks.length).toBeLessThanOrEqual(5);
    }
  });
});

it('stacks values, and shows the smallest', () => {
  expect(stackOf([50, 0, 1], 0.5)).toEqual([
    { height: 25, end: 25 },
    { height: 0, end: 25 },
    { height: 2, end: 27 },
  ]);
});

it('shortens numbers for an axis', () => {
  expect([0, 500, 1500, 2_000_000].map(formatShort)).toEqual(['0', '500', '1.5K', '2M']);
});
