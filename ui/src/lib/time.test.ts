import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import {
  fieldToUtc,
  formatClock,
  formatDay,
  formatDistance,
  formatRuntime,
  formatSpan,
  formatTime,
  formatTimeWithZone,
  offsetName,
  secondsBetween,
  startOfHour,
  utcToField,
  zoneName,
} from './time';

afterEach(() => void vi.unstubAllEnvs());

function inNewYork() {
  vi.stubEnv('TZ', 'America/New_York');
}

describe('on the clock of the reader', () => {
  beforeEach(inNewYork);

  test.each([
    ['2026-03-07T05:05:06Z', '2026-03-07 12:05:06 AM'],
    ['2026-07-09T16:00:00Z', '2026-07-09 12:00:00 PM'],
    ['2026-11-23T21:05:09.789Z', '2026-11-23 04:05:09 PM'],
    // The clock goes forward from 2 to 3 AM, and back from 2 to 1 AM.
    ['2026-03-08T06:59:59Z', '2026-03-08 01:59:59 AM'],
    ['2026-03-08T07:00:00Z', '2026-03-08 03:00:00 AM'],
    ['2026-11-01T05:30:00Z', '2026-11-01 01:30:00 AM'],
    ['2026-11-01T06:30:00Z', '2026-11-01 01:30:00 AM'],
  ])('%s is %s', (iso, text) => {
    expect(formatTime(iso, 'local')).toBe(text);
  });

  test('the zone has the offset of the moment', () => {
    expect(zoneName('local', new Date('2026-03-08T06:59:59Z'))).toBe('America/New_York (UTC-5)');
    expect(zoneName('local', new Date('2026-03-08T07:00:00Z'))).toBe('America/New_York (UTC-4)');
    expect(formatTimeWithZone('2026-11-01T05:30:00Z', 'local')).toBe(
      '2026-11-01 01:30:00 AM UTC-4',
    );
    expect(formatTimeWithZone('2026-11-01T06:30:00Z', 'local')).toBe(
      '2026-11-01 01:30:00 AM UTC-5',
    );
  });

  test.each([
    ['2026-03-08T01:59:59', '2026-03-08T06:59:59Z'],
    ['2026-03-08T03:00:00', '2026-03-08T07:00:00Z'],
    ['2026-07-09T16:05:06', '2026-07-09T20:05:06Z'],
    ['2026-11-01T03:00:00', '2026-11-01T08:00:00Z'],
  ])('%s is typed for %s', (typed, iso) => {
    expect(fieldToUtc(typed, 'local')).toBe(iso);
    expect(utcToField(iso, 'local')).toBe(typed);
  });

  test('a moment that the clock leaves out is taken as the one an hour later', () => {
    expect(fieldToUtc('2026-03-08T02:30:00', 'local')).toBe('2026-03-08T07:30:00Z');
  });

  test('days and hours have short names', () => {
    const ms = Date.parse('2026-03-09T03:30:00Z');
    expect(formatDay(ms, 'local')).toBe('Mar 8');
    expect(formatClock(ms, 'local')).toBe('11:30 PM');
    expect(formatClock(ms - 1_800_000, 'local')).toBe('11 PM');
  });

  test('a day has 23 hours where the clock goes forward', () => {
    const day = { year: 2026, month: 2, day: 8, hour: 0 };
    const next = startOfHour({ ...day, day: 9 }, 'local');
    expect((next - startOfHour(day, 'local')) / 3_600_000).toBe(23);
  });
});

describe('in UTC', () => {
  beforeEach(inNewYork);

  test('a moment is shown as logs have it, daylight saving or not', () => {
    expect(formatTime('2026-03-08T06:59:59Z', 'utc')).toBe('2026-03-08 06:59:59');
    expect(formatTime('2026-03-08T07:00:00.789Z', 'utc')).toBe('2026-03-08 07:00:00');
    expect(formatTimeWithZone('2026-07-09T16:05:06Z', 'utc')).toBe('2026-07-09 16:05:06 UTC');
    expect(zoneName('utc', new Date('2026-07-09T16:05:06Z'))).toBe('UTC');
  });

  test('what is typed is the moment itself', () => {
    expect(fieldToUtc('2026-03-08T02:30:00', 'utc')).toBe('2026-03-08T02:30:00Z');
    expect(utcToField('2026-03-08T02:30:00Z', 'utc')).toBe('2026-03-08T02:30:00');
    expect(fieldToUtc('2026-03-08T02:30', 'utc')).toBe('2026-03-08T02:30:00Z');
  });

  test('days and hours are those of UTC', () => {
    const ms = Date.parse('2026-03-09T03:30:00Z');
    expect(formatDay(ms, 'utc')).toBe('Mar 9');
    expect(formatClock(ms, 'utc')).toBe('03:30');
    const day = { year: 2026, month: 2, day: 8, hour: 0 };
    expect(startOfHour({ ...day, hour: 25 }, 'utc')).toBe(Date.parse('2026-03-09T01:00:00Z'));
  });
});

test.each([
  ['Asia/Kolkata', 'UTC+5:30'],
  ['America/St_Johns', 'UTC-3:30'],
  ['Africa/Abidjan', 'UTC'],
])('the offset of %s in January is %s', (name, text) => {
  vi.stubEnv('TZ', name);
  expect(offsetName('local', new Date('2026-01-01T00:00:00Z'))).toBe(text);
});

test('what is no time is shown as it came, and is no time for the API', () => {
  expect(formatTime('soon', 'local')).toBe('soon');
  expect(formatTimeWithZone('soon', 'utc')).toBe('soon');
  expect(fieldToUtc('', 'local')).toBeNull();
  expect(fieldToUtc('2026-99-99T00:00', 'utc')).toBeNull();
  expect(utcToField('', 'utc')).toBe('');
  expect(utcToField('never', 'local')).toBe('');
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
