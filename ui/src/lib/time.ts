/** Times and lengths of time as people read them. The API speaks RFC 3339 in UTC. */

/** Whose clock times are shown in, and typed in: the reader's own, or UTC. */
export type Zone = 'local' | 'utc';

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** What calendar and clock show at a moment. */
interface Reading {
  year: number;
  /** From 0 on. */
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

/** Read a moment on the clock of a zone. */
export function readingOf(at: Date, zone: Zone): Reading {
  return zone === 'utc'
    ? {
        year: at.getUTCFullYear(),
        month: at.getUTCMonth(),
        day: at.getUTCDate(),
        hour: at.getUTCHours(),
        minute: at.getUTCMinutes(),
        second: at.getUTCSeconds(),
      }
    : {
        year: at.getFullYear(),
        month: at.getMonth(),
        day: at.getDate(),
        hour: at.getHours(),
        minute: at.getMinutes(),
        second: at.getSeconds(),
      };
}

/** The moment, in milliseconds, at which an hour begins; hours and days beyond the last run on. */
export function startOfHour(
  { year, month, day, hour }: Pick<Reading, 'year' | 'month' | 'day' | 'hour'>,
  zone: Zone,
): number {
  return zone === 'utc'
    ? Date.UTC(year, month, day, hour)
    : new Date(year, month, day, hour).getTime();
}

function dayOf({ year, month, day }: Reading): string {
  return `${String(year).padStart(4, '0')}-${two(month + 1)}-${two(day)}`;
}

function clockOf({ hour, minute, second }: Reading): string {
  return `${two(hour)}:${two(minute)}:${two(second)}`;
}

/** `2026-03-09 04:05:06 PM` on the reader's clock, `2026-03-09 16:05:06`, as logs have it, in UTC. */
export function formatTime(iso: string, zone: Zone): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const reading = readingOf(at, zone);
  if (zone === 'utc') return `${dayOf(reading)} ${clockOf(reading)}`;
  const hour = reading.hour % 12 === 0 ? 12 : reading.hour % 12;
  return `${dayOf(reading)} ${clockOf({ ...reading, hour })} ${reading.hour < 12 ? 'AM' : 'PM'}`;
}

/** The same with its zone, for text that may leave the page: `2026-03-09 16:05:06 UTC`. */
export function formatTimeWithZone(iso: string, zone: Zone): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  return `${formatTime(iso, zone)} ${offsetName(zone, at)}`;
}

/** The zone by its distance from UTC at a moment: `UTC-5`, `UTC+5:30`, `UTC`. */
export function offsetName(zone: Zone, at: Date): string {
  const minutes = zone === 'utc' ? 0 : -at.getTimezoneOffset();
  if (minutes === 0) return 'UTC';
  const size = Math.abs(minutes);
  const rest = size % 60 === 0 ? '' : `:${two(size % 60)}`;
  return `UTC${minutes < 0 ? '-' : '+'}${Math.floor(size / 60)}${rest}`;
}

/** The zone in full, as it is at a moment: `America/New_York (UTC-5)`, or `UTC`. */
export function zoneName(zone: Zone, at: Date): string {
  const offset = offsetName(zone, at);
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return zone === 'utc' || name === 'UTC' ? 'UTC' : `${name} (${offset})`;
}

const dayNames = { month: 'short', day: 'numeric' } as const;
const clockNames = { hour: 'numeric', minute: '2-digit' } as const;

/** The day alone: `Mar 9`. */
export function formatDay(ms: number, zone: Zone): string {
  return namesOf(dayNames, zone).format(ms);
}

/** The clock alone, minutes only where there are any: `3 PM`, `3:30 PM`; `15:00` in UTC. */
export function formatClock(ms: number, zone: Zone): string {
  if (zone === 'utc') return clockOf(readingOf(new Date(ms), zone)).slice(0, 5);
  return namesOf(clockNames, zone).format(ms).replace(':00', '');
}

function namesOf(parts: Intl.DateTimeFormatOptions, zone: Zone): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', zone === 'utc' ? { ...parts, timeZone: 'UTC' } : parts);
}

/** A length of time as hours:minutes:seconds, the hours without a limit: `27:04:09`. */
export function formatRuntime(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

/** A length of time in words, in its largest unit: `42 s`, `5 min`, `3 h`, `2 days`. */
export function formatSpan(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 90) return `${whole} s`;
  if (whole < 90 * 60) return `${Math.round(whole / 60)} min`;
  if (whole < 36 * 3600) return `${Math.round(whole / 3600)} h`;
  return `${Math.round(whole / 86400)} days`;
}

/** Where a moment lies seen from `nowMs`: `in 5 min`, `3 h ago`, `now`. */
export function formatDistance(iso: string, nowMs: number): string {
  const seconds = (new Date(iso).getTime() - nowMs) / 1000;
  if (Math.abs(seconds) < 1) return 'now';
  return seconds > 0 ? `in ${formatSpan(seconds)}` : `${formatSpan(-seconds)} ago`;
}

/** Seconds from one moment to another; `null` while either is missing. */
export function secondsBetween(start: string | null | undefined, endMs: number): number | null {
  if (!start) return null;
  const startMs = new Date(start).getTime();
  return Number.isNaN(startMs) ? null : Math.max(0, (endMs - startMs) / 1000);
}

/** What a date-and-time field of the browser has (a clock without its zone), as UTC for the API. */
export function fieldToUtc(value: string, zone: Zone): string | null {
  if (value === '') return null;
  const at = new Date(zone === 'utc' ? `${value}Z` : value);
  return Number.isNaN(at.getTime()) ? null : `${at.toISOString().slice(0, 19)}Z`;
}

/** The same the other way round: `2026-03-09T16:05:06Z` as what the browser's field has. */
export function utcToField(iso: string, zone: Zone): string {
  const at = new Date(iso);
  if (iso === '' || Number.isNaN(at.getTime())) return '';
  const reading = readingOf(at, zone);
  return `${dayOf(reading)}T${clockOf(reading)}`;
}
