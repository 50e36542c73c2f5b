/** What Verify has come to, in numbers and names. */
import type { FindingKind, VerificationRun } from '../api/model';
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

/** How many findings of a kind a run has. */
export function countOf(run: VerificationRun, kind: FindingKind): number {
  return run.findings.find((each) => each.kind === kind)?.count ?? 0;
}

export function findingCount(run: VerificationRun): number {
  return run.findings.reduce((sum, { count }) => sum + count, 0);
}

/** `995 of 1,000 active objects`; what was compared where that is less. */
export function confirmedWords({ count_confirmed: confirmed, count_held: held }: VerificationRun) {
  return held === 0
    ? 'Nothing to compare yet'
    : `${formatCount(confirmed)} of ${counted(held, 'active object')}`;
}
