import { expect, test } from 'vitest';

import {
  formatDistance,
  formatLocal,
  formatRuntime,
  formatSpan,
  formatUtc,
  localFieldToUtc,
  secondsBetween,
  utcToLocalField,
} from './time';

test.each([
  [new Date(2026, 2, 9, 0, 5, 6), '2026-03-09 12:05:06 AM'],
  [new Date(2026, 2, 9, 12, 0, 0), '2026-03-09 12:00:00 PM'],
  [new Date(2026, 10, 23, 16, 5, 9), '2026-11-23 04:05:09 PM'],
])('a moment is shown on the clock of the reader', (moment, text) => {
  expect(formatLocal(moment.toISOString())).toBe(text);
});

test('the tooltip has the moment in UTC', () => {
  expect(formatUtc('2026-03-09T16:05:06.789Z')).toBe('2026-03-09 16:05:06 UTC');
});

test('what is no time is shown as it came', () => {
  expect(formatLocal('soon')).toBe('soon');
  expect(formatUtc('soon')).toBe('soon');
});

test.each([
  [0, '00:00:00'],
  [59.9, '00:00:59'],
  [3661, '01:01:01'],
  [360_000, '100:00:00'],
  [-5, '00:00:00'],
])('a runtime of %d s is %s', (seconds, text) => {
  expect(formatRuntime(seconds)).toBe(text);
});

test.each([
  [42, '42 s'],
  [300, '5 min'],
  [7200, '2 h'],
  [200_000, '2 days'],
])('%d s in words is %s', (seconds, text) => {
  expect(formatSpan(seconds)).toBe(text);
});

test('a distance says on which side of now a moment lies', () => {
  const now = Date.parse('2026-03-09T16:00:00Z');
  expect(formatDistance('2026-03-09T16:10:00Z', now)).toBe('in 10 min');
  expect(formatDistance('2026-03-09T15:59:18Z', now)).toBe('42 s ago');
  expect(formatDistance('2026-03-09T16:00:00.400Z', now)).toBe('now');
});

test('a clock that is behind the server gives no negative time', () => {
  expect(secondsBetween('2026-03-09T16:00:00Z', Date.parse('2026-03-09T15:00:00Z'))).toBe(0);
  expect(secondsBetween(null, 0)).toBeNull();
});

test('a local date and time becomes UTC for the API', () => {
  const local = new Date(2026, 2, 9, 16, 5, 6);
  expect(localFieldToUtc('2026-03-09T16:05:06')).toBe(`${local.toISOString().slice(0, 19)}Z`);
  expect(localFieldToUtc('')).toBeNull();
  expect(localFieldToUtc('2026-99-99T00:00')).toBeNull();
});

test('a moment goes into the field and comes back', () => {
  expect(localFieldToUtc(utcToLocalField('2026-03-09T16:05:06Z'))).toBe('2026-03-09T16:05:06Z');
  expect(utcToLocalField('')).toBe('');
  expect(utcToLocalField('never')).toBe('');
});
