import { expect, test } from 'vitest';

import { lineAndCharacter, placeIn } from './place';

function marked(message: string, text: string): string | null {
  const place = placeIn(message, text);
  return place === null ? null : text.slice(place.from, place.to);
}

test.each([
  ['Invalid TQL: unknown keyword "ratng" at character 17', 'rating >= 1 and ratng < 3', 'ratng'],
  ['"abc" is no value for rating (number) at character 11', 'rating >= abc', 'abc'],
  ['token recognition error, line 2, column 3', 'rating > 1\n  ?? rating', '?'],
  ['line 2:3 mismatched input', 'rating > 1\n  and < 3', 'and'],
  ['Unexpected end at position 10', 'rating >=', '>='],
  ['unknown keyword "ratng"', 'rating > 1 and ratng > 2', 'ratng'],
])('the place that a message names is found: %s', (message, text, words) => {
  expect(marked(message, text)).toBe(words);
});

test('space before the text is not counted: it is not sent', () => {
  expect(marked('unknown keyword "b" at character 1', '  \n b > 1')).toBe('b');
});

test.each([
  ['ThreatConnect refused the query.', 'rating > 1'],
  ['at character 90', 'rating > 1'],
  ['unknown keyword "rating"', 'rating > 1 and rating < 3'],
  ['unknown keyword "other"', 'rating > 1'],
])('where a message names no single place, nothing is marked: %s', (message, text) => {
  expect(placeIn(message, text)).toBeNull();
});

test('a place is told by its line and its character', () => {
  expect(lineAndCharacter('rating > 1\n  and b', 13)).toEqual({ line: 2, character: 3 });
  expect(lineAndCharacter('rating', 0)).toEqual({ line: 1, character: 1 });
});
