import { expect, test } from 'vitest';

import { makePreview } from '../test/factories';
import { heldBackWords, higherWords, sendingWords } from './preview';

test('what is to be sent is told with the time that it takes', () => {
  const preview = makePreview({
    is_exact: false,
    estimated_objects: 4_200,
    estimated_requests: 42,
    estimated_seconds: 25.2,
  });
  expect(sendingWords(preview)).toBe(
    'about 4,200 STIX objects in 42 requests; under the API limit that takes 25 s',
  );
  expect(sendingWords({ ...preview, is_exact: true })).toMatch(/^4,200 STIX objects/);
  expect(sendingWords(makePreview({ estimated_objects: 0 }))).toBe('nothing');
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
  expect(higherWords(makePreview({ position: 3, higher }))).toBe(
    'take 12 of these, query 1: 10, query 3: 2',
  );
});

test('the ledger is named where it had to answer', () => {
  const higher = { count: 0, basis: 'ledger' as const, queries: [] };
  expect(higherWords(makePreview({ position: 1, higher }))).toContain(
    'take none of these (by what',
  );
});

test('the highest query has none above it', () => {
  expect(higherWords(makePreview({ position: 0 }))).toContain('there is none');
});

test('what is held back has its number and its outcome', () => {
  expect(heldBackWords({ outcome: 'expired', count: 1_200, examples: [] })).toBe('1,200 expired');
});
