import { expect, it } from 'vitest';

import { makeMatchedIndicator, makeMatchRun } from '../test/matches';
import { alertNamesText, matchCells, matchHeading } from './match';
import { matchStage } from './matchStage';

it('names that are not listed are counted', () => {
  expect(alertNamesText({ alert_names: ['A', 'B'], count_alert_names: 2 })).toBe('A, B');
  expect(alertNamesText({ alert_names: ['A', 'B'], count_alert_names: 5 })).toBe(
    'A, B, and 3 more',
  );
});

it('a line of the file has a cell for each heading, in the words of the screen', () => {
  const cells = matchCells(makeMatchedIndicator({ kind: 'value', query: null }));
  expect(cells).toHaveLength(matchHeading.length);
  expect(cells.slice(0, 7)).toEqual([
    'bad.example',
    'Host',
    'Acme',
    'Deleted query',
    'Seen in an alert',
    2,
    'High',
  ]);
});

it('Match is in one of seven stages', () => {
  const ended = {
    date_began: '2026-03-09T16:00:00Z',
    date_ended: '2026-03-09T16:00:05Z',
    outcome: 'complete',
  } as const;
  const seen = { date_seen: '2026-03-09T16:00:05Z' };
  const stage = (changes: Parameters<typeof makeMatchRun>[0]) => matchStage(makeMatchRun(changes));
  expect(stage({})).toBe('never');
  expect(stage({ interval_hours: 0 })).toBe('off');
  expect(stage({ ...ended, ...seen })).toBe('done');
  expect(stage({ ...ended, ...seen, interval_hours: 0 })).toBe('done');
  expect(stage(ended)).toBe('none-seen');
  expect(stage({ ...ended, outcome: 'no-table' })).toBe('no-table');
  expect(stage({ ...ended, outcome: 'failed' })).toBe('failed');
  expect(stage({ ...ended, date_began: '2026-03-09T17:00:00Z' })).toBe('running');
  expect(stage({ date_began: '2026-03-09T17:00:00Z' })).toBe('running');
});
