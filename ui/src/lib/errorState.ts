/** Whether errors still hold, and what is tried again by itself, in words. */
import type { ReportedError } from '../api/model';
import { counted, formatCount } from './number';

type Tries = Pick<ReportedError, 'about' | 'count_open' | 'count_tried_again' | 'tries_left'>;

/** What is open of the objects that Sentinel refused, of several lines together. */
export function refusedOf(errors: readonly Tries[]): Tries {
  const refused = errors.filter((error) => error.about === 'object');
  return {
    about: 'object',
    count_open: sum(refused, (error) => error.count_open),
    count_tried_again: sum(refused, (error) => error.count_tried_again),
    tries_left: Math.max(0, ...refused.map((error) => error.tries_left ?? 0)),
  };
}

function sum(errors: readonly Tries[], value: (error: Tries) => number): number {
  return errors.reduce((total, error) => total + value(error), 0);
}

/** What is done by itself about the errors of a line that are open. */
export function triesWords(error: Tries): string {
  const { about, count_open: open, count_tried_again: again, tries_left: left } = error;
  if (about === 'job') {
    return again === 0 ? 'Tried again only by Retry in JOBS' : 'Tried again by the next update';
  }
  if (about === 'indicator') return 'Not tried again until it changes in ThreatConnect';
  if (again === 0) {
    return about === 'object'
      ? 'Not tried again until it changes in ThreatConnect or is sent by hand'
      : 'Not tried again until a full update, or until it is withdrawn by hand';
  }
  const tries = left === null ? '' : `, ${counted(left, 'try', 'tries')} left`;
  if (again === open) return `Tried again automatically${tries}`;
  return `${formatCount(again)} of ${formatCount(open)} tried again automatically${tries}`;
}
