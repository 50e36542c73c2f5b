/** What can be done with a Job, and the Job as a line of a file. */
import type { Job } from '../api/model';
import type { Cell } from './csv';
import { isOpen } from './status';

export type JobAction = 'retry' | 'cancel' | 'withdraw';

/** What its state allows. */
export function jobActions(job: Job): JobAction[] {
  if (job.status === 'Pending') return ['cancel'];
  if (isOpen(job)) return [];
  const actions: JobAction[] = [];
  if (job.status === 'Failed') actions.push('retry');
  if (job.count_held_back > 0) actions.push('withdraw');
  return actions;
}

/** What holds only for the moment has no place in a file. */
type MomentaryField = 'waiting_seconds' | 'asked_wait' | 'time_left' | 'pause' | 'trouble';

const plainFields = [
  ...['request_id', 'update_id', 'job_type', 'mode', 'scope', 'status'],
  ...['date_queued', 'date_started', 'date_completed', 'date_failed', 'total_runtime'],
  ...['last_modified_filter_start', 'last_modified_filter_end'],
  ...['date_download_start', 'date_download_complete', 'download_runtime'],
  ...['date_convert_start', 'date_convert_complete', 'convert_runtime'],
  ...['date_upload_start', 'date_upload_complete', 'upload_runtime'],
  ...[
    'count_asked',
    'count_expected',
    'count_read',
    'count_converted',
    'count_sent',
    'count_unchanged',
  ],
  ...['count_duplicate', 'count_withheld', 'count_expired', 'count_unsupported'],
  ...['count_invalid', 'count_refused', 'count_withdrawn', 'count_failed', 'count_held_back'],
  'count_context',
  ...[
    'count_object',
    'count_request',
    'count_throttled',
    'throttled_seconds',
    'limit_wait_seconds',
  ],
  ...['retry_of', 'failure_code', 'failure_reason'],
] as readonly Exclude<keyof Job, 'query' | 'warnings' | 'context' | MomentaryField>[];

const contextFields = ['waiting', 'sent', 'withdrawn', 'refused', 'left_out'] as const;

const queryFields = [
  'query_precedence',
  'query_owners',
  'query_indicator_types',
  'query_tql',
  'query_sort_field',
  'query_sort_direction',
];

export const jobHeading: readonly string[] = [
  ...plainFields,
  ...contextFields.map((name) => `context_${name}`),
  'warnings',
  ...queryFields,
];

export function jobCells(job: Job): Cell[] {
  const { query, context } = job;
  return [
    ...plainFields.map((name) => job[name]),
    ...contextFields.map((name) => context?.[name]),
    job.warnings.join(' '),
    query.position + 1,
    query.owners.join('; '),
    query.indicator_types.join('; '),
    query.tql,
    query.sort_field,
    query.sort_field === null ? null : query.sort_direction,
  ];
}
