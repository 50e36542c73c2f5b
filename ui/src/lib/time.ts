/** Times and lengths of time as people read them. The API speaks RFC 3339 in UTC. */

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** The reader's own time zone: `2026-03-09 04:05:06 PM`. */
export function formatLocal(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const hour = at.getHours();
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const clock = `${two(hour % 12 === 0 ? 12 : hour % 12)}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${day} ${clock} ${hour < 12 ? 'AM' : 'PM'}`;
}

/** The same moment in UTC: `2026-03-09 16:05:06 UTC`. */
export function formatUtc(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
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

/** What a date-and-time field of the browser holds (local, no zone), as UTC for the API. */
export function localFieldToUtc(value: string): string | null {
  if (value === '') return null;
  const at = new Date(value);
  return Number.isNaN(at.getTime()) ? null : `${at.toISOString().slice(0, 19)}Z`;
}

/** The same the other way round: `2026-03-09T16:05:06Z` as what the browser's field holds. */
export function utcToLocalField(iso: string): string {
  const at = new Date(iso);
  if (iso === '' || Number.isNaN(at.getTime())) return '';
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
