/** The figures of a preview in words. */
import type { Preview } from '../api/model';
import { capitalized, counted, formatCount } from './number';
import { formatSpan } from './time';

/** `About 4,200 STIX objects in 42 requests, about 25 s at the current API limit` */
export function sendingWords(preview: Preview): string {
  if (preview.estimated_objects === 0) return 'Nothing';
  const about = preview.is_exact ? '' : 'about ';
  const objects = counted(preview.estimated_objects, 'STIX object');
  const requests = counted(preview.estimated_requests, 'request');
  const span = formatSpan(preview.estimated_seconds);
  return capitalized(`${about}${objects} in ${requests}, about ${span} at the current API limit`);
}

/** What is sent of owners and threat actors besides, and which part of the query that is from. */
export function contextWords(preview: Preview): string | null {
  const { context, sample_count: sample, total_count: total } = preview;
  if (context === null) return null;
  const parts = [
    counted(context.estimated_identities, 'owner identity', 'owner identities'),
    context.estimated_actors > 0 && `up to ${counted(context.estimated_actors, 'threat actor')}`,
    context.estimated_relationships > 0 && counted(context.estimated_relationships, 'relationship'),
    context.estimated_left_out > 0 && `${formatCount(context.estimated_left_out)} left out`,
  ];
  const span = formatSpan(context.estimated_seconds);
  const basis = `Estimate from ${formatCount(sample)} of ${counted(total, 'Indicator')}`;
  return `${basis}: ${parts.filter(Boolean).join(', ')}; about ${span} after the Indicators`;
}

/** How many are sent from higher queries, and how that is known. */
export function overlapWords({ higher, position }: Preview): string {
  if (position === 0) return 'None (highest precedence)';
  const basis =
    higher.basis === 'ledger'
      ? ' (from what they have sent so far; ThreatConnect did not respond in time)'
      : '';
  if (higher.count === 0) return `None${basis}`;
  const each = higher.queries.map(({ position: place, count }) => `query ${place + 1}: ${count}`);
  const sent = counted(higher.count, 'of these is', 'of these are');
  return `${sent} sent from higher queries (${each.join(', ')})${basis}`;
}

export function heldBackWords({ outcome, count }: Preview['held_back'][number]): string {
  return `${formatCount(count)} ${outcome}`;
}
