/** What Verify has come to, in numbers and names. */
import type { ContextVerification, FindingKind, ObjectType, VerificationRun } from '../api/model';
import { counted, formatCount } from './number';

/** In the order in which they are listed: first what is not there, last what nobody here has sent. */
const names: Record<FindingKind, string> = {
  missing: 'Missing',
  older: 'Older version',
  'expired-early': 'Expired early',
  changed: 'Changed in Sentinel',
  unmatchable: 'Cannot match',
  unknown: 'Unknown',
};

export const findingKinds = Object.keys(names) as FindingKind[];

export function kindName(kind: FindingKind): string {
  return names[kind];
}

const objectTypes: Record<ObjectType, string> = {
  indicator: 'Indicator',
  identity: 'Identity',
  'threat-actor': 'Threat actor',
  relationship: 'Relationship',
};

export const verifiedTypes = Object.keys(objectTypes) as ObjectType[];

/** The type of an object in words; of what another sender has under our name, STIX's own. */
export function objectTypeName(stixType: string): string {
  return (objectTypes as Record<string, string>)[stixType] ?? stixType;
}

/** How many findings of a kind a run has, about Indicators and context objects. */
export function countOf(run: VerificationRun, kind: FindingKind): number {
  return allFindings(run)
    .filter((each) => each.kind === kind)
    .reduce((sum, { count }) => sum + count, 0);
}

export function findingCount(run: VerificationRun): number {
  return allFindings(run).reduce((sum, { count }) => sum + count, 0);
}

function allFindings({ findings, context }: VerificationRun) {
  return context === null ? findings : [...findings, ...context.findings];
}

/** `8 of 8 objects, 1 too recent to compare`: what a run came to about context objects. */
export function contextWords(context: ContextVerification): string {
  if (context.count_held === 0) return 'Nothing to compare yet';
  const confirmed = `${formatCount(context.count_confirmed)} of ${counted(context.count_held, 'object')}`;
  return [
    confirmed,
    ...(context.count_recent > 0
      ? [`${formatCount(context.count_recent)} too recent to compare`]
      : []),
    ...(context.count_unread > 0 ? [`${formatCount(context.count_unread)} cannot be read`] : []),
  ].join(', ');
}

/** `995 of 1,000 active objects`; what was compared where that is less. */
export function confirmedWords({ count_confirmed: confirmed, count_held: held }: VerificationRun) {
  return held === 0
    ? 'Nothing to compare yet'
    : `${formatCount(confirmed)} of ${counted(held, 'active object')}`;
}
