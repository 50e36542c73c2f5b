/** Context objects in words. */
import type { Context, ContextState, JobContext, RefusedContextObject } from '../api/model';
import { counted, formatCount } from './number';
import type { Tone } from './status';
import { formatSpan } from './time';

interface StateFace {
  name: string;
  tone: Tone;
  icon: 'check' | 'upload' | 'warning' | 'clock' | 'cancel';
}

const states: Record<ContextState, StateFace> = {
  live: { name: 'In Sentinel', tone: 'good', icon: 'check' },
  waiting: { name: 'Waiting', tone: 'active', icon: 'upload' },
  refused: { name: 'Refused', tone: 'warning', icon: 'warning' },
  unwanted: { name: 'To be withdrawn', tone: 'neutral', icon: 'clock' },
  withdrawn: { name: 'Withdrawn', tone: 'neutral', icon: 'cancel' },
};

export const contextStates = Object.keys(states) as ContextState[];

export function contextFace(state: ContextState): StateFace {
  return states[state];
}

type KindName = RefusedContextObject['kind'];

const kinds: Record<KindName, readonly [one: string, many: string]> = {
  identity: ['owner identity', 'owner identities'],
  actor: ['threat actor', 'threat actors'],
  relationship: ['relationship', 'relationships'],
};

export function kindWord(kind: KindName): string {
  return kinds[kind][0];
}

export function isContextOn({ choice }: Context): boolean {
  return choice !== 'None';
}

/** `2 owner identities, 14 threat actors, 1,204 relationships`; those that the choice sends. */
export function liveWords({ choice, live }: Context): string {
  return live
    .filter(
      ({ kind, count }) =>
        count > 0 || kind === 'identity' || choice === 'Owner identities and threat actors',
    )
    .map(({ kind, count }) => counted(count, ...kinds[kind]))
    .join(', ');
}

/** What is still to be sent: `512 objects to send, 40 Indicators to go through`; empty if nothing. */
export function waitingWords({ count_waiting: waiting, count_due: due }: Context): string {
  return [
    waiting > 0 && `${counted(waiting, 'object')} to send`,
    due > 0 && `${counted(due, 'Indicator object')} to go through`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** How long that takes; null where nobody can say. */
export function leftWords({ seconds_left: seconds }: Context): string | null {
  if (seconds === null) return null;
  const span = formatSpan(Math.max(1, seconds));
  return `About ${span}, after the Indicators, in what they leave of the API limit`;
}

/** `12 sent, 3 waiting, 1 refused, 2 actors left out` */
export function jobContextWords(context: JobContext): string {
  const { waiting, sent, withdrawn, refused, left_out: leftOut } = context;
  const parts = [
    `${formatCount(sent)} sent`,
    withdrawn > 0 && `${formatCount(withdrawn)} withdrawn`,
    waiting > 0 && `${formatCount(waiting)} waiting`,
    refused > 0 && `${formatCount(refused)} refused`,
    leftOut > 0 && `${counted(leftOut, 'relationship')} left out`,
  ];
  return parts.filter(Boolean).join(', ');
}
