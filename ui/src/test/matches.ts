/** Indicators in alerts, for tests, with sensible defaults. */
import type {
  MatchedAlert,
  MatchedIndicator,
  MatchedIndicatorPage,
  MatchRun,
  MatchSummary,
} from '../api/model';

export function makeMatchRun(changes: Partial<MatchRun> = {}): MatchRun {
  return {
    interval_hours: 1,
    date_began: null,
    date_ended: null,
    date_completed: null,
    date_next: null,
    read_until: null,
    outcome: null,
    date_seen: null,
    count_alerts: 0,
    count_unreadable: 0,
    count_new: 0,
    error: null,
    ...changes,
  };
}

export function makeMatchSummary(changes: Partial<MatchSummary> = {}): MatchSummary {
  return {
    days: 7,
    count_indicators: 0,
    count_exact: 0,
    count_alerts: 0,
    by_query: [],
    by_owner: [],
    run: makeMatchRun(),
    ...changes,
  };
}

export function makeMatchedIndicator(changes: Partial<MatchedIndicator> = {}): MatchedIndicator {
  return {
    id: '42',
    type: 'Host',
    summary: 'bad.example',
    owner: 'Acme',
    web_link: 'https://tc.example.test/42',
    query_id: 'q1',
    query: { query_id: 'q1', position: 0, label: 'Phishing', label_scope: null },
    kind: 'exact',
    count_alerts: 2,
    date_first: '2026-03-08T16:00:00Z',
    date_last: '2026-03-09T16:00:00Z',
    severity: 'high',
    alert_names: ['Traffic to a known host'],
    count_alert_names: 1,
    alert_link: 'https://security.microsoft.com/alerts/a1',
    ...changes,
  };
}

export function makeMatchedAlert(changes: Partial<MatchedAlert> = {}): MatchedAlert {
  return {
    id: 'a1',
    name: 'Traffic to a known host',
    severity: 'high',
    product: 'Azure Sentinel',
    kind: 'exact',
    date_first: '2026-03-09T15:00:00Z',
    date_last: '2026-03-09T16:00:00Z',
    link: 'https://security.microsoft.com/alerts/a1',
    ...changes,
  };
}

export function makeMatchPage(
  data: MatchedIndicator[],
  changes: Partial<MatchedIndicatorPage> = {},
): MatchedIndicatorPage {
  return {
    count: data.length,
    data,
    next: null,
    previous: null,
    total_count: data.length,
    run: makeMatchRun(),
    ...changes,
  };
}
