import { describe, expect, it, vi } from 'vitest';

import type { MetricHistory } from '../api/model';
import { bucketLabel, bucketsOf, periodOf, periods, tickLabel, type Bucket } from './period';
import type { Zone } from './time';

type Hour = MetricHistory['data'][number];

function hour(at: Date, figures: Partial<Hour> = {}): Hour {
  const names = [
    ...['jobs', 'jobs_failed', 'read', 'sent', 'unchanged', 'duplicate', 'withheld', 'expired'],
    ...['unsupported', 'invalid', 'refused', 'withdrawn', 'failed', 'objects', 'requests'],
    ...['throttled', 'throttled_seconds'],
  ];
  const none = Object.fromEntries(names.map((name) => [name, 0]));
  return { ...none, hour: at.toISOString(), ...figures } as Hour;
}

const now = new Date(2026, 2, 9, 15, 20).getTime();

describe('bucketsOf', () => {
  it('has one column for each hour of a day, the present one last', () => {
    const buckets = bucketsOf({ data: [] }, periodOf('day'), now, 'local');
    expect(buckets).toHaveLength(24);
    expect(buckets.at(-1)).toMatchObject({ sent: 0, jobs: 0 });
    expect(buckets.at(-1)?.startMs).toBe(Math.floor(now / 3_600_000) * 3_600_000);
  });

  it.each(periods)('loses and doubles no hour in $label', (period) => {
    const firstMs = bucketsOf({ data: [] }, period, now, 'local')[0]?.startMs ?? NaN;
    const count = Math.floor((now - firstMs) / 3_600_000) + 1;
    const data = Array.from({ length: count }, (_, index) =>
      hour(new Date(firstMs + index * 3_600_000), { sent: 2, refused: 1, jobs: 1 }),
    );
    const buckets = bucketsOf({ data }, period, now, 'local');
    expect(buckets.reduce((sum, bucket) => sum + bucket.sent, 0)).toBe(2 * count);
    expect(buckets.reduce((sum, bucket) => sum + bucket.refused, 0)).toBe(count);
    for (const [index, bucket] of buckets.entries()) {
      if (index > 0) expect(bucket.startMs).toBe(buckets[index - 1]?.endMs);
    }
    expect(period.hours).toBeGreaterThanOrEqual(count);
  });

  it.each(periods)('ends with the column of the present in $label', (period) => {
    const last = bucketsOf({ data: [] }, period, now, 'local').at(-1);
    expect(last?.startMs).toBeLessThanOrEqual(now);
    expect(last?.endMs).toBeGreaterThan(now);
  });

  it('has days of 24 hours in UTC, and one of 23 where the clock goes forward', () => {
    vi.stubEnv('TZ', 'America/New_York');
    const afterChange = Date.parse('2026-03-12T15:20:00Z');
    const hoursOf = (zone: Zone) =>
      bucketsOf({ data: [] }, periodOf('month'), afterChange, zone).map(
        ({ startMs, endMs }) => (endMs - startMs) / 3_600_000,
      );
    expect(hoursOf('utc')).toEqual(Array(30).fill(24));
    expect(hoursOf('local').filter((hours) => hours !== 24)).toEqual([23]);
    vi.unstubAllEnvs();
  });

  it('leaves out what lies before the period', () => {
    const old = hour(new Date(now - 40 * 86_400_000), { sent: 9 });
    const buckets = bucketsOf({ data: [old] }, periodOf('month'), now, 'local');
    expect(buckets.every((bucket) => bucket.sent === 0)).toBe(true);
  });
});

describe('words', () => {
  it('name a column by its day, and by its hours where it is shorter', () => {
    const startMs = new Date(2026, 2, 9, 6).getTime();
    const bucket = { startMs, endMs: startMs + 6 * 3_600_000 } as Bucket;
    expect(bucketLabel(bucket, periodOf('week'), 'local')).toBe('Mar 9, 6 AM to 12 PM');
    expect(bucketLabel(bucket, periodOf('month'), 'local')).toBe('Mar 9');
    expect(tickLabel(bucket, periodOf('day'), 'local')).toBe('6 AM');
    expect(tickLabel(bucket, periodOf('week'), 'local')).toBe('Mar 9');
  });

  it('are those of UTC where that is chosen', () => {
    const startMs = Date.UTC(2026, 2, 9, 6);
    const bucket = { startMs, endMs: startMs + 6 * 3_600_000 } as Bucket;
    expect(bucketLabel(bucket, periodOf('week'), 'utc')).toBe('Mar 9, 06:00 to 12:00');
    expect(tickLabel(bucket, periodOf('day'), 'utc')).toBe('06:00');
  });

  it('fall back to a week', () => {
    expect(periodOf('<script>').name).toBe('week');
    expect(periodOf(null).name).toBe('week');
  });
});
