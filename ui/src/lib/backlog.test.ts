import { expect, test } from 'vitest';

import { makeSummary, makeUpdateFigures } from '../test/figures';
import { isBusy, settledOf, stagePauses } from './backlog';

test('an update that runs or waits keeps the Service busy', () => {
  expect(isBusy(makeSummary())).toBe(false);
  const running = makeUpdateFigures({ figures: { sent: 200, duplicate: 50 } });
  expect(isBusy(makeSummary({ running }))).toBe(true);
  const backlog = { updates: 1, indicators: 0, objects: 0, seconds: 0 };
  expect(isBusy(makeSummary({ backlog }))).toBe(true);
  expect(settledOf(running)).toBe(250);
});

test('a paused schedule holds no update up that runs', () => {
  const pause = { name: '', since: null, by: null, until: null, reason: null };
  const pauses = [
    { ...pause, task: 'upload' as const },
    { ...pause, task: 'schedule-updates' as const },
  ];
  expect(stagePauses(makeSummary({ pauses })).map(({ task }) => task)).toEqual(['upload']);
});
