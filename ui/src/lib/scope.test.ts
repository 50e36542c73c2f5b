import { expect, test } from 'vitest';

import type { Job } from '../api/model';
import { onlyWithdraws, scopeText, updateName } from './scope';

test('an update of whole queries goes by its mode, the others by what was chosen', () => {
  const text = (scope: Job['scope'], count: number) =>
    scopeText({ mode: 'delta', scope, count_asked: count });
  expect(text('whole', 0)).toBe('delta');
  expect(text('send', 3)).toBe('Send now: 3 values');
  expect(text('withdraw', 1)).toBe('Withdraw now: 1 value');
  expect(text('verify', 3)).toBe('Send again: 3 Indicators');
  expect(text('unknown', 12)).toBe('Withdraw unknown: 12 objects');
  expect(text('refused', 1_300)).toBe('Send refused again: 1,300 Indicators');
});

test('an update is named by its mode, or as JOBS names what was chosen', () => {
  const whole = { mode: 'reconcile' as const, scope: 'whole' as const, count_asked: 0 };
  expect(updateName(whole)).toBe('Reconcile update');
  expect(updateName({ mode: 'delta', scope: 'send', count_asked: 3 })).toBe('Send now: 3 values');
});

test('two kinds of updates read nothing', () => {
  const scopes = ['whole', 'refused', 'send', 'withdraw', 'verify', 'unknown'] as const;
  expect(scopes.filter(onlyWithdraws)).toEqual(['withdraw', 'unknown']);
});
