/** What is said of a system that does not answer while it is asked again. */
import type { Trouble } from '../api/model';
import { secondsBetween, formatSpan } from './time';

/** `ThreatConnect does not answer; trying again in 20 s (attempt 4)`. */
export function troubleWords(trouble: Trouble, nowMs: number): string {
  const fault = trouble.reason === '' ? 'does not answer' : 'returns an error';
  const left = secondsBetween(new Date(nowMs).toISOString(), new Date(trouble.until).getTime());
  const next = left ? `trying again in ${formatSpan(Math.ceil(left))}` : 'trying again now';
  return `${trouble.system} ${fault}; ${next} (attempt ${trouble.attempt})`;
}

/** What the last attempt ended in, with the answer's own words and the code. */
export function troubleReason(trouble: Trouble): string {
  const words = trouble.reason === '' ? '' : ` ${trouble.reason}`;
  return `${trouble.message}${words} (${trouble.code})`;
}
