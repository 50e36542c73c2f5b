/** Things for tests, with sensible defaults. */
import type { Job, Query, Task } from '../api/model';

export function makeQuery(changes: Partial<Query> = {}): Query {
  return {
    id: 'q1',
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
    mode: 'delta',
    status: 'Pending',
    query: { ...makeQuery(), position: 0 },
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
    count_expected: null,
    count_held_back: 0,
    waiting_seconds: null,
    warnings: [],
    retry_of: null,
    failure_code: null,
    failure_reason: null,
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
    ...changes,
  };
}
