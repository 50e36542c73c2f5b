import { expect, test } from 'vitest';

import { faultsOf } from './lint';

test.each([
  ['(rating >= 3', 0, 'The TQL has a parenthesis that is never closed, at character 1.'],
  ['rating >= 3)', 11, 'The TQL closes a parenthesis that was never opened, at character 12.'],
  ['summary = "x', 10, 'The TQL has a string that never ends, at character 11.'],
  ['a \\ b', 2, 'The TQL has a backslash outside a string, at character 3.'],
  ['summary = "a\0b"', 10, 'The TQL has a NUL character, at character 11.'],
  ['a = "a""b"', 7, 'The TQL has two strings with nothing in between, at character 8.'],
  [
    'a = 1 \uff09',
    6,
    'The TQL has a sign that looks like a parenthesis or a quote and is none, at character 7.',
  ],
])('%s is refused at its place', (text, from, message) => {
  expect(faultsOf(text)).toMatchObject([{ from, message }]);
});

test('brackets and backslashes within strings are only text', () => {
  expect(faultsOf(String.raw`summary in ("(", ')', "\"(") and (rating > 1)`)).toEqual([]);
});

test('several faults come in the order of the text', () => {
  expect(faultsOf(') ( "').map(({ from }) => from)).toEqual([0, 2, 4]);
});

test('words that nobody knows are left to ThreatConnect', () => {
  expect(faultsOf('wibble wobbles 3 ; $')).toEqual([]);
});
