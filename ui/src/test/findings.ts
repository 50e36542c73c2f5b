/** What a lookup finds, for tests, with sensible defaults. */
import type { Findings, IndicatorCopy, LookupRow, SentObject } from '../api/model';

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
    actors: [],
    matches: { count: 0, alerts: [] },
    ...changes,
  };
}
