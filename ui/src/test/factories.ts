/** Things for tests, with sensible defaults. */
import type {
  Figures,
  Findings,
  IndicatorCopy,
  Job,
  LookupRow,
  MetricSummary,
  Preview,
  Query,
  SentObject,
  Task,
  UpdateFigures,
  Update,
} from '../api/model';

export function makeQuery(changes: Partial<Query> = {}): Query {
  return {
    id: 'q1',
    name: null,
    note: null,
    is_enabled: true,
    owners: ['Acme'],
    indicator_types: ['Host'],
    tql: 'rating >= 3',
    sort_field: null,
    sort_direction: 'asc',
    ...changes,
  };
}

export function makeJob(changes: Partial<Job> = {}): Job {
  return {
    request_id: '3f0b8c1e-7d0a-4a57-9a55-0d9d6c1b2a10',
    update_id: 'u1',
    job_type: 'scheduled',
    scope: 'whole',
    count_asked: 0,
    mode: 'delta',
    status: 'Pending',
    query: { ...makeQuery(), position: 0, current_position: 0 },
    date_queued: '2026-03-09T16:00:00Z',
    date_started: null,
    date_completed: null,
    date_failed: null,
    last_modified_filter_start: null,
    last_modified_filter_end: null,
    date_download_start: null,
    date_download_complete: null,
    download_runtime: null,
    date_convert_start: null,
    date_convert_complete: null,
    convert_runtime: null,
    date_upload_start: null,
    date_upload_complete: null,
    upload_runtime: null,
    total_runtime: null,
    count_read: 0,
    count_converted: 0,
    count_sent: 0,
    count_unchanged: 0,
    count_duplicate: 0,
    count_withheld: 0,
    count_expired: 0,
    count_unsupported: 0,
    count_invalid: 0,
    count_refused: 0,
    count_withdrawn: 0,
    count_failed: 0,
    count_object: 0,
    count_request: 0,
    count_throttled: 0,
    throttled_seconds: 0,
    limit_wait_seconds: 0,
    count_expected: null,
    count_held_back: 0,
    waiting_seconds: null,
    asked_wait: null,
    time_left: null,
    pause: null,
    trouble: null,
    warnings: [],
    retry_of: null,
    failure_code: null,
    failure_reason: null,
    ...changes,
  };
}

export function makeUpdate(changes: Partial<Update> = {}): Update {
  return {
    update_id: '7c0d3b52-1111-4222-8333-944445555666',
    mode: 'delta',
    scope: 'whole',
    job_type: 'scheduled',
    status: 'Complete',
    date_queued: '2026-03-09T16:00:00Z',
    date_started: '2026-03-09T16:00:01Z',
    date_ended: '2026-03-09T16:01:00Z',
    last_modified_filter_start: null,
    last_modified_filter_end: null,
    count_jobs: 1,
    count_matching_jobs: 1,
    count_failed_jobs: 0,
    count_cancelled_jobs: 0,
    count_asked: 0,
    count_read: 0,
    count_converted: 0,
    count_sent: 0,
    count_unchanged: 0,
    count_duplicate: 0,
    count_withheld: 0,
    count_expired: 0,
    count_unsupported: 0,
    count_invalid: 0,
    count_refused: 0,
    count_withdrawn: 0,
    count_failed: 0,
    count_object: 0,
    count_expected: null,
    count_held_back: 0,
    decision_request_id: null,
    is_confirmed: false,
    retry_of: null,
    failure_code: null,
    failure_reason: null,
    only_query: null,
    duplicates_from: null,
    ...changes,
  };
}

export function makePreview(changes: Partial<Preview> = {}): Preview {
  return {
    position: 0,
    total_count: 1,
    counts: [{ indicator_type: 'Host', count: 1 }],
    sample_count: 1,
    is_exact: true,
    indicators: [],
    held_back: [],
    higher: { count: 0, basis: 'threatconnect', queries: [] },
    estimated_objects: 1,
    estimated_requests: 1,
    estimated_seconds: 0.6,
    ...changes,
  };
}

export function makeTask(changes: Partial<Task> = {}): Task {
  return {
    slug: 'download',
    name: 'Download',
    description: 'Reads Indicators from ThreatConnect.',
    group: 'Ingestion pipeline',
    period_seconds: 5,
    timeout_minutes: 20,
    state: 'idle',
    request_ids: [],
    last_heartbeat: null,
    heartbeat_age: null,
    last_run_end: null,
    last_run_outcome: null,
    date_paused: null,
    paused_by: null,
    paused_until: null,
    pause_reason: null,
    asked_wait: null,
    trouble: null,
    ...changes,
  };
}

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
    health: { status: 'healthy', conditions: [] },
    history: null,
    ...changes,
  };
}

const indicator = {
  id: '42',
  type: 'Host',
  summary: 'bad.example',
  owner: 'Acme',
  web_link: 'https://tc.example.test/42',
};

export function makeSent(changes: Partial<SentObject> = {}): SentObject {
  return {
    ...indicator,
    hash_kind: null,
    state: 'live',
    query_id: 'q1',
    position: 0,
    request_id: '3f0b8c1e-7d0a-4a57-9a55-0d9d6c1b2a10',
    first_sent: '2026-02-09T16:00:00Z',
    date_sent: '2026-03-09T16:00:00Z',
    valid_until: '2026-04-09T16:00:00Z',
    generation: 0,
    stix_id: 'indicator--1',
    sentinel_id: 'abc---indicator--1',
    portal_link: 'https://security.microsoft.com/v2/advanced-hunting?query=x',
    kql: 'ThreatIntelIndicators\n| where Id == "abc---indicator--1"',
    stix: { object: { type: 'indicator' }, is_valid: true, verdict: 'valid STIX 2.1' },
    ...changes,
  };
}

export function makeCopy(changes: Partial<IndicatorCopy> = {}): IndicatorCopy {
  return { ...indicator, fate: 'chosen', reason: 'It has precedence.', positions: [0], ...changes };
}

export function makeLookupRow(changes: Partial<LookupRow> = {}): LookupRow {
  return {
    given: 'bad.example',
    times: 1,
    value: 'bad.example',
    shown: null,
    types: ['Host'],
    verdict: 'in-sentinel',
    why: '1 active object.',
    objects: 1,
    owner: 'Example Org',
    query_id: 'q1',
    position: 0,
    first_sent: '2026-02-09T16:00:00Z',
    last_sent: '2026-03-09T16:00:00Z',
    valid_until: '2026-04-09T16:00:00Z',
    near: null,
    ...changes,
  };
}

export function makeFindings(changes: Partial<Findings> = {}): Findings {
  return {
    row: makeLookupRow(),
    near: [],
    sent: [],
    refused: [],
    copies: [],
    queries: [],
    source_error: null,
    ...changes,
  };
}
