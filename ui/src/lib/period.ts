/** The figures of a period, gathered into columns that begin at full hours of the chosen clock. */
import type { MetricHistory } from '../api/model';
import { formatClock, formatDay, readingOf, startOfHour, type Zone } from './time';

export type PeriodName = 'day' | 'week' | 'month';

export interface Period {
  name: PeriodName;
  label: string;
  /** How many hours to ask for: a day more or less of daylight saving included. */
  hours: number;
  /** How many hours one column stands for. */
  step: number;
  days: number;
}

const week: Period = { name: 'week', label: '7 days', hours: 169, step: 6, days: 7 };

export const periods: readonly Period[] = [
  { name: 'day', label: '24 hours', hours: 24, step: 1, days: 1 },
  week,
  { name: 'month', label: '30 days', hours: 721, step: 24, days: 30 },
];

/** The period that the address names; a week where it names none. */
export function periodOf(text: string | null): Period {
  return periods.find((period) => period.name === text) ?? week;
}

export interface Bucket {
  startMs: number;
  endMs: number;
  sent: number;
  refused: number;
  jobs: number;
  jobsFailed: number;
}

/** The starts of the columns, and the end of the last one: that in which the present lies. */
function edgesOf(period: Period, nowMs: number, zone: Zone): number[] {
  const now = readingOf(new Date(nowMs), zone);
  const edges: number[] = [];
  if (period.step === 1) {
    // Hours of the API begin with those of UTC; half an hour's zone only words them otherwise.
    const end = Math.floor(nowMs / 3_600_000) + 1;
    for (let hour = end - 24; hour <= end; hour += 1) edges.push(hour * 3_600_000);
    return edges;
  }
  const { step, days } = period;
  for (let day = 1 - days; day <= 0; day += 1) {
    for (let hour = 0; hour < 24; hour += step) {
      edges.push(startOfHour({ ...now, day: now.day + day, hour }, zone));
    }
  }
  edges.push(startOfHour({ ...now, day: now.day + 1, hour: 0 }, zone));
  const end = edges.findIndex((edge) => edge > nowMs);
  return edges.slice(0, end + 1);
}

/** The columns of a period, those without a Job included. */
export function bucketsOf(
  history: Pick<MetricHistory, 'data'>,
  period: Period,
  nowMs: number,
  zone: Zone,
): Bucket[] {
  const [first = nowMs, ...ends] = edgesOf(period, nowMs, zone);
  const buckets = ends.map((endMs, index) => ({
    startMs: ends[index - 1] ?? first,
    endMs,
    sent: 0,
    refused: 0,
    jobs: 0,
    jobsFailed: 0,
  }));
  for (const hour of history.data) {
    const atMs = new Date(hour.hour).getTime();
    const bucket = buckets.find(({ startMs, endMs }) => startMs <= atMs && atMs < endMs);
    if (bucket === undefined) continue;
    bucket.sent += hour.sent;
    bucket.refused += hour.refused;
    bucket.jobs += hour.jobs;
    bucket.jobsFailed += hour.jobs_failed;
  }
  return buckets;
}

/** What stands under a column: `3 PM` within a day, else `Mar 9`. */
export function tickLabel(bucket: Bucket, period: Period, zone: Zone): string {
  return period.days === 1 ? formatClock(bucket.startMs, zone) : formatDay(bucket.startMs, zone);
}

/** Every how many columns there is a label. */
export function tickEvery(period: Period): number {
  if (period.days === 1) return 4;
  return period.days === 7 ? 24 / period.step : 5;
}

/** A column in words: `Mar 9, 6 AM to 12 PM`. */
export function bucketLabel({ startMs, endMs }: Bucket, period: Period, zone: Zone): string {
  const day = formatDay(startMs, zone);
  if (period.step === 24) return day;
  return `${day}, ${formatClock(startMs, zone)} to ${formatClock(endMs, zone)}`;
}
