import { expect, test } from 'vitest';

import { makePreview } from '../test/factories';
import { contextWords, heldBackWords, overlapWords, sendingWords } from './preview';

test('what is to be sent is told with the time that it takes', () => {
  const preview = makePreview({
    is_exact: false,
    estimated_objects: 4_200,
    estimated_requests: 42,
    estimated_seconds: 25.2,
  });
  expect(sendingWords(preview)).toBe(
    'About 4,200 STIX objects in 42 requests, about 25 s at the current API limit',
  );
  expect(sendingWords({ ...preview, is_exact: true })).toMatch(/^4,200 STIX objects/);
  expect(sendingWords(makePreview({ estimated_objects: 0 }))).toBe('Nothing');
});

test('context is told as an estimate, where it is on', () => {
  expect(contextWords(makePreview())).toBeNull();
  const context = {
    estimated_identities: 1,
    estimated_actors: 204,
    estimated_relationships: 800,
    estimated_left_out: 3,
    estimated_requests: 11,
    estimated_seconds: 8.25,
  };
  const preview = makePreview({ context, sample_count: 100, total_count: 4_000 });
  expect(contextWords(preview)).toBe(
    'Estimate from 100 of 4,000 Indicators: 1 owner identity, up to 204 threat actors, ' +
      '800 relationships, 3 left out; about 8 s after the Indicators',
  );
  const owners = { ...context, estimated_actors: 0, estimated_relationships: 0 };
  expect(contextWords({ ...preview, context: { ...owners, estimated_left_out: 0 } })).toContain(
    ': 1 owner identity; about',
  );
});

test('each higher query is named by its place in the list', () => {
  const higher = {
    count: 12,
    basis: 'threatconnect' as const,
    queries: [
      { position: 0, query_id: 'a', count: 10 },
      { position: 2, query_id: 'b', count: 2 },
    ],
  };
  expect(overlapWords(makePreview({ position: 3, higher }))).toBe(
    '12 of these are sent from higher queries (query 1: 10, query 3: 2)',
  );
});

test('the ledger is named where it had to answer', () => {
  const higher = { count: 0, basis: 'ledger' as const, queries: [] };
  expect(overlapWords(makePreview({ position: 1, higher }))).toContain(
    'None (from what they have sent',
  );
});

test('the highest query has none above it', () => {
  expect(overlapWords(makePreview({ position: 0 }))).toBe('None (highest precedence)');
});

test('what is held back has its number and its outcome', () => {
  expect(heldBackWords({ outcome: 'expired', count: 1_200, examples: [] })).toBe('1,200 expired');
});
