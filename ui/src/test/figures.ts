/** Figures of DASHBOARD for tests, with sensible defaults. */
import type { Figures, MetricSummary, UpdateFigures } from '../api/model';
import { makeMatchSummary } from './matches';
import { makeVerification } from './verification';

export function makeFigures(changes: Partial<Figures> = {}): Figures {
  return {
    jobs: 0,
    jobs_failed: 0,
    read: 0,
    sent: 0,
    unchanged: 0,
    duplicate: 0,
    withheld: 0,
    expired: 0,
    unsupported: 0,
    invalid: 0,
    refused: 0,
    withdrawn: 0,
    failed: 0,
    objects: 0,
    requests: 0,
    throttled: 0,
    throttled_seconds: 0,
    ...changes,
  };
}

export function makeUpdateFigures(
  changes: Partial<Omit<UpdateFigures, 'figures'>> & { figures?: Partial<Figures> } = {},
): UpdateFigures {
  return {
    update_id: 'u1',
    scope: 'whole',
    count_asked: 0,
    mode: 'delta',
    job_type: 'scheduled',
    date_started: '2026-03-09T16:00:00Z',
    date_ended: '2026-03-09T16:01:00Z',
    expected: null,
    time_left: null,
    ...changes,
    figures: makeFigures(changes.figures),
  };
}

export function makeSummary(changes: Partial<MetricSummary> = {}): MetricSummary {
  return {
    objects_live: 0,
    by_type: [],
    by_query: [],
    total: makeFigures(),
    jobs: [],
    pauses: [],
    troubles: [],
    running: null,
    last_update: null,
    next_update: null,
    refused_now: 0,
    backlog: { updates: 0, indicators: 0, objects: 0, seconds: 0 },
    limit: {
      requests_per_minute: 100,
      used: 0,
      used_by_checks: 0,
      waiting_seconds: null,
      asked_wait: null,
    },
    matches: makeMatchSummary(),
    verification: makeVerification(),
    context: null,
    health: { status: 'healthy', conditions: [] },
    history: null,
    ...changes,
  };
}
