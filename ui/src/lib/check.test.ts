import { describe, expect, it } from 'vitest';

import type { Check } from '../api/model';
import { checkSummary, checkTone } from './check';

function make(status: Check['status']): Check {
  return { name: 'disk', status, message: '', remedy: '', reason: '', code: null, elapsed_s: 0 };
}

describe('checkSummary', () => {
  it('is short when all is well', () => {
    expect(checkSummary([make('ok'), make('ok')])).toBe('All 2 checks passed.');
  });

  it('does not count a warning as a failure', () => {
    expect(checkSummary([make('ok'), make('warning'), make('ok')])).toBe('1 warning, 2 passed.');
  });

  it('counts what failed before what skipped', () => {
    expect(checkSummary([make('failed'), make('skipped'), make('skipped'), make('ok')])).toBe(
      '1 check failed, 2 checks skipped, 1 passed.',
    );
  });
});

it('has a color for each end', () => {
  expect(
    (['ok', 'failed', 'warning', 'skipped'] as const).map((each) => checkTone(make(each))),
  ).toEqual(['good', 'bad', 'warning', 'warning']);
});
