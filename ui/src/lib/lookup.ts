/** What became of a value, in words. */
import type { Findings, IndicatorCopy, RefusedObject, SentObject } from '../api/model';
import { counted } from './number';
import type { Tone } from './status';

/** The API takes no more. */
export const MAX_VALUE_CHARS = 10_000;

const fates: Record<IndicatorCopy['fate'], { name: string; tone: Tone }> = {
  chosen: { name: 'Taken', tone: 'good' },
  duplicate: { name: 'Duplicate', tone: 'neutral' },
  withheld: { name: 'Withheld', tone: 'neutral' },
  expired: { name: 'Expired', tone: 'neutral' },
  unsupported: { name: 'Unsupported', tone: 'neutral' },
  invalid: { name: 'Invalid', tone: 'warning' },
  'not-selected': { name: 'Not selected', tone: 'neutral' },
};

export function fateFace(fate: IndicatorCopy['fate']): { name: string; tone: Tone } {
  return fates[fate];
}

const states: Record<SentObject['state'], { name: string; tone: Tone }> = {
  live: { name: 'In Sentinel', tone: 'good' },
  expired: { name: 'Expired', tone: 'neutral' },
  withdrawn: { name: 'Withdrawn', tone: 'neutral' },
};

export function stateFace(state: SentObject['state']): { name: string; tone: Tone } {
  return states[state];
}

/** `File, SHA-256 hash`. */
export function objectName(type: string, hashKind: string | null): string {
  return hashKind === null || hashKind === '' ? type : `${type}, ${hashKind} hash`;
}

/** The type and kind of hash of `File|SHA-256|abc`. */
export function refusedName(refused: RefusedObject): string {
  const [type = '', hashKind = ''] = refused.object_key.split('|');
  return objectName(type, hashKind);
}

export interface Verdict {
  tone: Tone;
  text: string;
}

/** One sentence that answers the question, before all details. */
export function verdictOf(findings: Findings): Verdict {
  const { sent, refused, copies, source_error: sourceError } = findings;
  const live = sent.filter(({ state }) => state === 'live').length;
  if (live > 0) {
    const rest = refused.length > 0 ? ` It refused ${counted(refused.length, 'object')}.` : '';
    return {
      tone: refused.length > 0 ? 'warning' : 'good',
      text: `Sentinel holds it, as ${counted(live, 'valid object')}.${rest}`,
    };
  }
  if (refused.length > 0) {
    return { tone: 'warning', text: 'Sentinel refused it when it was sent last.' };
  }
  if (sent.length > 0) {
    return { tone: 'neutral', text: 'Sentinel had it; it has expired or was withdrawn.' };
  }
  if (copies.some(({ fate }) => fate === 'chosen')) {
    return { tone: 'active', text: 'Sentinel does not hold it yet; an update will send it.' };
  }
  if (copies.length > 0) {
    return { tone: 'neutral', text: 'It was not sent. Why is said beside each copy below.' };
  }
  if (sourceError !== null) {
    return {
      tone: 'warning',
      text: 'It was never sent, and ThreatConnect could not say whether it has it.',
    };
  }
  return {
    tone: 'neutral',
    text: 'It was never sent, and ThreatConnect has no copy of it that this App can read.',
  };
}
