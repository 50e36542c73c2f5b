/** What Verify finds, in words. */
import type { Finding, FindingKind, Verification } from '../api/model';
import type { Cell } from './csv';
import { typeLabel } from './label';
import type { Tone } from './status';
import { kindName, objectTypeName } from './verification';

interface KindFace {
  tone: Tone;
  icon: 'warning' | 'change' | 'cancel' | 'question' | 'clock';
  /** What it means, in a sentence. */
  meaning: string;
  /** What can be done about it. */
  offer: string;
}

const kinds: Record<FindingKind, KindFace> = {
  missing: {
    tone: 'warning',
    icon: 'warning',
    meaning: 'Accepted more than 24 hours ago, but Sentinel has no row of it.',
    offer: 'Send it again.',
  },
  older: {
    tone: 'warning',
    icon: 'clock',
    meaning: 'Sentinel has an earlier version than the one it accepted more than 24 hours ago.',
    offer: 'Send it again.',
  },
  'expired-early': {
    tone: 'warning',
    icon: 'clock',
    meaning: 'Its validity has ended in Sentinel, although it was sent with a later end.',
    offer: 'Send it again.',
  },
  changed: {
    tone: 'active',
    icon: 'change',
    meaning: 'A person or a rule revoked or deleted it, or changed its confidence or its end.',
    offer: 'Send it again one by one, if the change was a mistake.',
  },
  unmatchable: {
    tone: 'warning',
    icon: 'cancel',
    meaning: 'It is active, but Sentinel could not parse its pattern, so no rule can match it.',
    offer: 'Another Pattern Style helps with some Registry Keys.',
  },
  unknown: {
    tone: 'neutral',
    icon: 'question',
    meaning: 'Active under the source name of this Service, which has no record of it.',
    offer:
      'Withdraw those of Indicators. Context objects are only listed: Indicators of another sender may name them.',
  },
};

export function kindFace(kind: FindingKind): KindFace {
  return kinds[kind];
}

/** Kinds of which many can be sent again at once. */
const sendable: readonly FindingKind[] = ['missing', 'older', 'expired-early'];

/** Whether a finding is about an identity, a threat actor or a relationship. */
export function isContext({ stix_type: type }: Finding): boolean {
  return type !== 'indicator';
}

/** Whether the object of one finding can be sent again now. */
export function canSendOne(finding: Finding): boolean {
  const { kind, held, is_requested: isRequested } = finding;
  if (isContext(finding)) return finding.is_sendable;
  return held !== null && !isRequested && (kind === 'changed' || sendable.includes(kind));
}

/** Whether an object goes out under a new id, as its own one is revoked or deleted. */
export function needsNewId({ kind, held, seen, stix_type: type }: Finding): boolean {
  // Indicators keep naming the identity of their owner.
  if (type === 'identity') return false;
  const isGone = seen !== null && (seen.is_revoked || seen.is_deleted);
  return kind === 'changed' && held?.is_live === true && isGone;
}

/** Words, or a moment to be shown in the reader's time zone. */
export type DifferencePart = string | { at: string };

/** What Sentinel has instead of what was sent: each difference as words with moments. */
export function differencesOf(finding: Finding): DifferencePart[][] {
  const { kind, held, seen } = finding;
  if (seen === null) return [['No row in Sentinel']];
  const found: DifferencePart[][] = [];
  if (seen.is_deleted) found.push(['Deleted']);
  if (seen.is_revoked) found.push(['Revoked']);
  if (kind === 'unmatchable') return [...found, ['Active, but its pattern could not be parsed']];
  if (held === null) return [...found, unknownWords(seen)];
  if (kind === 'unknown') return [...found, ['Active, although it was withdrawn']];
  if (isEarlier(seen.date_modified, held.date_modified)) {
    return [
      ...found,
      ['Version of ', { at: seen.date_modified }, ' instead of ', { at: held.date_modified }],
    ];
  }
  if (seen.confidence !== held.confidence) {
    found.push([`${confidenceWords(seen.confidence)} instead of ${held.confidence ?? 'none'}`]);
  }
  const ends = endWords(seen.valid_until, held.valid_until);
  if (ends !== null) found.push(ends);
  return found.length > 0 ? found : [['Inactive']];
}

function unknownWords({ valid_until: until }: NonNullable<Finding['seen']>): DifferencePart[] {
  return until === null ? ['Active, without an end'] : ['Active until ', { at: until }];
}

function confidenceWords(confidence: number | null): string {
  return confidence === null ? 'No confidence' : `Confidence ${confidence}`;
}

function endWords(seen: string | null, held: string | null): DifferencePart[] | null {
  // Context objects never end.
  if (held === null) return null;
  if (seen === null) return ['Never ends, instead of ', { at: held }];
  if (new Date(seen).getTime() === new Date(held).getTime()) return null;
  return ['Ends ', { at: seen }, ' instead of ', { at: held }];
}

function isEarlier(one: string, other: string): boolean {
  return new Date(one).getTime() < new Date(other).getTime();
}

/** The state of Verify as the page tells it, before any number. */
export type VerifyStage = 'running' | 'off' | 'never' | 'failed' | 'done';

export function verifyStage(state: Verification): VerifyStage {
  if (state.date_started !== null) return 'running';
  if (state.last === null) return state.interval_hours === 0 ? 'off' : 'never';
  return state.last.error === null ? 'done' : 'failed';
}

/** Maximum Indicators that are sent again at once. */
export const MOST_SENT_AGAIN = 10_000;

/** Whether what a person typed is exactly this number. */
export function isNumberTyped(text: string, count: number): boolean {
  return /^[\d,]+$/.test(text.trim()) && Number(text.replaceAll(',', '')) === count;
}

export const findingHeading: readonly string[] = [
  'Kind',
  'Indicator',
  'Type',
  'Owner',
  'Query',
  'In Sentinel',
  'Accepted',
  'Pattern',
  'STIX ID',
  'Request ID',
  'Object Type',
  'Name',
];

/** A finding as a line of a file; times are as the API has them. */
export function findingCells(finding: Finding): Cell[] {
  // Of an object that nobody here has sent, only its pattern is known.
  const indicator = finding.held === null ? null : finding.indicator;
  return [
    kindName(finding.kind),
    indicator?.summary,
    indicator && typeLabel(indicator.type ?? ''),
    indicator?.owner,
    finding.query?.label,
    differencesOf(finding)
      .map((parts) => parts.map((part) => (typeof part === 'string' ? part : part.at)).join(''))
      .join('; '),
    finding.held?.date_accepted,
    finding.pattern,
    finding.stix_id,
    finding.request_id,
    objectTypeName(finding.stix_type),
    finding.name,
  ];
}
