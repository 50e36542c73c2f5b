import { describe, expect, it } from 'vitest';

import { makeSummary, makeUpdateFigures } from '../test/factories';
import { isBusy, secondsLeft, settledOf } from './backlog';

const now = new Date('2026-03-09T16:10:00Z').getTime();
const started = '2026-03-09T16:00:00Z';
const waiting = { updates: 0, indicators: 0, objects: 500, seconds: 3 };

describe('secondsLeft', () => {
  it('is nothing while nothing waits', () => {
    expect(secondsLeft(makeSummary(), now)).toBe(0);
    expect(isBusy(makeSummary())).toBe(false);
  });

  it('goes on at the pace of the update so far', () => {
    const running = makeUpdateFigures({
      date_started: started,
      date_ended: null,
      expected: 1_000,
      figures: { sent: 200, duplicate: 50 },
    });
    expect(settledOf(running)).toBe(250);
    expect(secondsLeft(makeSummary({ running }), now)).toBe(1_800);
  });

  it('is never less than the API limit asks for', () => {
    const running = makeUpdateFigures({
      date_started: started,
      date_ended: null,
      expected: 1_000,
      figures: { sent: 990 },
    });
    const backlog = { ...waiting, objects: 10_000, seconds: 60 };
    expect(secondsLeft(makeSummary({ running, backlog }), now)).toBe(60);
  });

  it('begins after a wait that Sentinel asked for', () => {
    const running = makeUpdateFigures({ date_started: started, date_ended: null, expected: 500 });
    const { limit } = makeSummary();
    const asked_wait = { until: '2026-03-09T17:00:00Z', reason: 'Later.' };
    const summary = makeSummary({ running, backlog: waiting, limit: { ...limit, asked_wait } });
    expect(secondsLeft(summary, now)).toBe(3_003);
    expect(secondsLeft(summary, now + 4_000_000)).toBe(3);
  });

  it('is unknown before anything is settled, and while an update only waits', () => {
    const running = makeUpdateFigures({ date_started: started, expected: null });
    expect(secondsLeft(makeSummary({ running }), now)).toBeNull();
    const begun = makeUpdateFigures({ date_started: started, expected: 10 });
    expect(secondsLeft(makeSummary({ running: begun }), now)).toBeNull();
    expect(secondsLeft(makeSummary({ running: begun, backlog: waiting }), now)).toBe(3);
    const backlog = { updates: 1, indicators: 0, objects: 0, seconds: 0 };
    expect(secondsLeft(makeSummary({ backlog }), now)).toBeNull();
  });
});
