import { expect, test } from 'vitest';

import { anyTime, boundsOf, isRangeSet, rangeOf } from './range';

const read = (text: string) => rangeOf(new URLSearchParams(text));
const now = Date.parse('2026-03-09T16:05:06.789Z');

test('a quick range stays relative: its start moves with the clock', () => {
  const day = read('range=24h&after=2026-01-01T00:00:00Z');
  expect(day).toEqual({ quick: '24h', after: '', before: '' });
  expect(boundsOf(day, now)).toEqual({ after: '2026-03-08T16:05:06Z', before: '' });
  expect(boundsOf(day, now + 60_000).after).toBe('2026-03-08T16:06:06Z');
  expect(boundsOf(read('range=1h'), now).after).toBe('2026-03-09T15:05:06Z');
  expect(boundsOf(read('range=7d'), now).after).toBe('2026-03-02T16:05:06Z');
  expect(boundsOf(read('range=30d'), now).after).toBe('2026-02-07T16:05:06Z');
});

test('an own range keeps the ends that the address has', () => {
  const own = read('after=2026-03-09T16:05:06Z&before=2026-03-10T00:00:00Z');
  expect(own.quick).toBe('custom');
  expect(boundsOf(own, now)).toEqual({
    after: '2026-03-09T16:05:06Z',
    before: '2026-03-10T00:00:00Z',
  });
  expect(isRangeSet(own)).toBe(true);
});

test('an own range without an end leaves nothing out', () => {
  expect(read('range=custom').quick).toBe('custom');
  expect(isRangeSet(read('range=custom'))).toBe(false);
});

test('what is not understood counts as not chosen', () => {
  expect(read('range=2y&after=yesterday&before=2026-02-30T99:00:00Z')).toEqual(anyTime);
  expect(isRangeSet(read(''))).toBe(false);
});
