import { expect, test } from 'vitest';

import type { Effect } from '../api/model';
import { effectWords, fullWords, withdrawn } from './effect';

function makeEffect(changes: Partial<Effect> = {}): Effect {
  return {
    queries: [],
    objects_more: 0,
    objects_fewer: 0,
    objects_staying: 0,
    is_complete: true,
    seconds_more: 0,
    objects_full: null,
    seconds_full: null,
    ...changes,
  };
}

test.each([
  [
    { objects_more: 1_240, objects_fewer: 97, seconds_more: 780 },
    'About 1,240 objects more, 97 fewer; about 13 min at the API limit.',
  ],
  [{ objects_fewer: 1 }, 'About 1 object fewer.'],
  [
    { objects_more: 5, seconds_more: 1, is_complete: false },
    'At least about 5 objects more; about 1 s at the API limit.',
  ],
  [{}, 'The objects in Sentinel stay the same.'],
  [{ is_complete: false }, 'Not every query could be counted; nothing else changes in Sentinel.'],
])('the effect is told with its time: %j', (changes, words) => {
  expect(effectWords(makeEffect(changes))).toBe(words);
});

test('a full update is told where it could be counted', () => {
  expect(fullWords(makeEffect())).toBeNull();
  expect(fullWords(makeEffect({ objects_full: 28_000, seconds_full: 168 }))).toBe(
    'A full update sends about 28,000 objects, about 3 min at the API limit.',
  );
});

test('what deleted queries leave is fewer where it is withdrawn', () => {
  const query = {
    query_id: 'q1',
    position: null,
    label: 'Phishing',
    label_scope: null,
    change: 'deleted' as const,
    count: null,
    not_counted: null,
    objects_live: 97,
    objects_more: 0,
    objects_fewer: 0,
    objects_staying: 97,
    staying_until: null,
    taken_over_by: [],
  };
  const effect = makeEffect({ queries: [query], objects_staying: 97 });
  expect(effectWords(withdrawn(effect, []))).toBe('The objects in Sentinel stay the same.');
  expect(effectWords(withdrawn(effect, ['q1']))).toBe('About 97 objects fewer.');
});
