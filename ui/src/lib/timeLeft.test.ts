import { expect, test } from 'vitest';

import { limitWords, spanLeft } from './timeLeft';

test('an estimate says whether there may be more', () => {
  expect(spanLeft({ seconds: 125, is_least: false })).toBe('about 2 min');
  expect(spanLeft({ seconds: 0, is_least: true })).toBe('more than 1 s');
});

test('a wait for the limit says when it ends and how much is left in all', () => {
  const left = { seconds: 125, is_least: false };
  expect(limitWords(37.2, left)).toBe(
    'API limit reached, resumes in 38 s; about 2 min left in all',
  );
  expect(limitWords(0, null)).toBe('API limit reached, resumes in 1 s');
});
