/** The figures of a preview in words. */
import type { Preview } from '../api/model';
import { counted, formatCount } from './number';
import { formatSpan } from './time';

/** `about 4,200 objects in 42 requests, which takes 25 s under the API limit` */
export function sendingWords(preview: Preview): string {
  if (preview.estimated_objects === 0) return 'nothing';
  const about = preview.is_exact ? '' : 'about ';
  const objects = counted(preview.estimated_objects, 'STIX object');
  const requests = counted(preview.estimated_requests, 'request');
  return `${about}${objects} in ${requests}; under the API limit that takes ${formatSpan(preview.estimated_seconds)}`;
}

/** How many the higher queries take, and by whose word. */
export function higherWords({ higher, position }: Preview): string {
  if (position === 0) return 'there is none; this query has the highest precedence';
  const basis =
    higher.basis === 'ledger'
      ? ' (by what they have sent so far; ThreatConnect did not say in time)'
      : '';
  if (higher.count === 0) return `take none of these${basis}`;
  const each = higher.queries.map(({ position: place, count }) => `query ${place + 1}: ${count}`);
  return `take ${formatCount(higher.count)} of these, ${each.join(', ')}${basis}`;
}

export function heldBackWords({ outcome, count }: Preview['held_back'][number]): string {
  return `${formatCount(count)} ${outcome}`;
}
