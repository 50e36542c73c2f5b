/** How long a Job or an update still takes, in words. The App estimates it, for every screen alike. */
import type { TimeLeft } from '../api/model';
import { formatSpan } from './time';

/** `about 2 min`, or `more than 2 min` where nobody knows how much more is to be read. */
export function spanLeft({ seconds, is_least: isLeast }: TimeLeft): string {
  return `${isLeast ? 'more than' : 'about'} ${formatSpan(Math.max(1, seconds))}`;
}

/** `API limit reached, resumes in 38 s; about 2 min left in all`. */
export function limitWords(waitingS: number, left: TimeLeft | null): string {
  const rest = left === null ? '' : `; ${spanLeft(left)} left in all`;
  return `API limit reached, resumes in ${formatSpan(Math.max(1, Math.ceil(waitingS)))}${rest}`;
}
