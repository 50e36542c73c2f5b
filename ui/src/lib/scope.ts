/** What a Job or an update is about, in words. */
import type { Job } from '../api/model';
import { capitalized, counted } from './number';

type Scoped = Pick<Job, 'mode' | 'scope' | 'count_asked'>;

const names: Record<Exclude<Scoped['scope'], 'whole'>, [string, string]> = {
  refused: ['Send refused again', 'Indicator'],
  send: ['Send now', 'value'],
  withdraw: ['Withdraw now', 'value'],
  verify: ['Send again', 'Indicator'],
  unknown: ['Withdraw unknown', 'object'],
};

/** Whether such an update reads nothing. */
export function onlyWithdraws(scope: Scoped['scope']): boolean {
  return scope === 'withdraw' || scope === 'unknown';
}

/** `delta`, or `Send now: 3 values`. */
export function scopeText({ mode, scope, count_asked: count }: Scoped): string {
  if (scope === 'whole') return mode;
  const [name, noun] = names[scope];
  return `${name}: ${counted(count, noun)}`;
}

/** `Delta update`, or `Send now: 3 values`. */
export function updateName(update: Scoped): string {
  return update.scope === 'whole' ? `${capitalized(update.mode)} update` : scopeText(update);
}
