import { expect, test } from 'vitest';

import { firstDirection, orderWords } from './sortOrder';

test.each([
  ['threatAssessScore', 'Highest first'],
  ['rating', 'Highest first'],
  ['confidence', 'Highest first'],
  ['lastModified', 'Newest first'],
  ['dateAdded', 'Newest first'],
  ['summary', 'A to Z'],
  ['id', 'Lowest first'],
])('by %s, sending starts with the most important: %s', (field, words) => {
  expect(orderWords(field, firstDirection(field))).toBe(words);
});

test('the other direction says so', () => {
  expect(orderWords('rating', 'asc')).toBe('Lowest first');
  expect(orderWords('dateAdded', 'asc')).toBe('Oldest first');
  expect(orderWords('typeName', 'desc')).toBe('Z to A');
});
