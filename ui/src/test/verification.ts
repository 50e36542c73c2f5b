/** What Verify finds, for tests, with sensible defaults. */
import type {
  ContextVerification,
  Finding,
  FindingPage,
  LogsError,
  Verification,
  VerificationRun,
} from '../api/model';
import { findingKinds } from '../lib/verification';

export function makeLogsError(changes: Partial<LogsError> = {}): LogsError {
  return {
    code: 'AZ-QUERY-403',
    message: 'The application may not query the workspace.',
    remedy: 'Give it Microsoft Sentinel Contributor.',
    reason: 'InsufficientAccessError',
    ...changes,
  };
}

export function makeVerificationRun(
  changes: Partial<Omit<VerificationRun, 'findings'>> & {
    findings?: Partial<Record<Finding['kind'], number>>;
  } = {},
): VerificationRun {
  return {
    date_started: '2026-03-09T16:00:00Z',
    date_ended: '2026-03-09T16:00:09Z',
    is_whole: true,
    count_held: 1_000,
    count_confirmed: 1_000,
    count_recent: 0,
    count_unread: 0,
    count_requests: 3,
    error: null,
    context: null,
    ...changes,
    findings: findingKinds.map((kind) => ({ kind, count: changes.findings?.[kind] ?? 0 })),
  };
}

export function makeContextVerification(
  changes: Partial<Omit<ContextVerification, 'findings'>> & {
    findings?: Partial<Record<Finding['kind'], number>>;
  } = {},
): ContextVerification {
  return {
    count_held: 8,
    count_confirmed: 8,
    count_recent: 0,
    count_unread: 0,
    error: null,
    ...changes,
    findings: findingKinds.map((kind) => ({ kind, count: changes.findings?.[kind] ?? 0 })),
  };
}

/** A finding about a relationship of a Host with a threat actor. */
export function makeContextFinding(changes: Partial<Finding> = {}): Finding {
  return makeFinding({
    id: '8',
    stix_type: 'relationship',
    stix_id: 'relationship--1',
    name: 'bad.example indicates Quiet Bear',
    held: {
      is_live: true,
      date_modified: '2026-03-01T08:00:00Z',
      valid_until: null,
      confidence: null,
      date_accepted: '2026-03-01T08:00:05Z',
    },
    ...changes,
  });
}

export function makeVerification(changes: Partial<Verification> = {}): Verification {
  return {
    interval_hours: 24,
    date_started: null,
    date_next: null,
    last: null,
    complete: null,
    count_unknown: 0,
    ...changes,
  };
}

export function makeFinding(changes: Partial<Finding> = {}): Finding {
  return {
    id: '7',
    kind: 'missing',
    stix_type: 'indicator',
    name: null,
    stix_id: 'indicator--1',
    indicator: {
      id: '42',
      type: 'Host',
      summary: 'bad.example',
      owner: 'Acme',
      web_link: 'https://tc.example.test/42',
    },
    query: { query_id: 'q1', position: 0, label: 'Phishing', label_scope: null },
    held: {
      is_live: true,
      date_modified: '2026-03-01T08:00:00Z',
      valid_until: '2026-04-01T08:00:00Z',
      confidence: 80,
      date_accepted: '2026-03-01T08:00:05Z',
    },
    seen: null,
    pattern: null,
    helps_pattern_style: false,
    request_id: null,
    is_requested: false,
    is_sendable: true,
    ...changes,
  };
}

export function makeSeen(
  changes: Partial<NonNullable<Finding['seen']>> = {},
): NonNullable<Finding['seen']> {
  return {
    date_modified: '2026-03-01T08:00:00Z',
    valid_until: '2026-04-01T08:00:00Z',
    confidence: 80,
    is_revoked: false,
    is_deleted: false,
    is_active: true,
    is_parsed: true,
    ...changes,
  };
}

export function makeFindingPage(data: Finding[], changes: Partial<FindingPage> = {}): FindingPage {
  return {
    count: data.length,
    data,
    next: null,
    previous: null,
    total_count: data.length,
    count_sendable: 0,
    count_context_sendable: 0,
    verification: makeVerification(),
    ...changes,
  };
}
