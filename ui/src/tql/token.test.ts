import { expect, test } from 'vitest';

import { scan, tokensOf } from './token';

function kinds(text: string): string[] {
  return tokensOf(text).map((token) => `${token.kind} ${token.text}`);
}

test('fields, operators, numbers and connectives are told apart, in any case', () => {
  expect(kinds('rating >= 3.5 and not confidence GEQ -1')).toEqual([
    'word rating',
    'operator >=',
    'number 3.5',
    'connective and',
    'connective not',
    'word confidence',
    'operator GEQ',
    'number -1',
  ]);
});

test('lists, sub-queries and constants have their own tokens', () => {
  expect(kinds('hasTag(name in ("a", `b`)) or indicatorActive = TRUE')).toEqual([
    'word hasTag',
    'bracket (',
    'word name',
    'operator in',
    'bracket (',
    'string "a"',
    'comma ,',
    'string `b`',
    'bracket )',
    'bracket )',
    'connective or',
    'word indicatorActive',
    'operator =',
    'constant TRUE',
  ]);
});

test('a string holds the other quotes, escaped ones, and brackets', () => {
  expect(kinds(String.raw`"a\"b'(" x`)).toEqual([String.raw`string "a\"b'("`, 'word x']);
});

test('a string without its end goes to the end of the text', () => {
  const [token] = tokensOf('"a) AND b\nc');
  expect(token).toEqual({ kind: 'string', from: 0, to: 11, text: '"a) AND b\nc', isOpen: true });
});

test('a string goes on in the next line', () => {
  const first = scan('summary = "one', 10, null);
  expect(first).toEqual({ kind: 'string', to: 14, quote: '"' });
  expect(scan('two" and', 0, first.quote)).toEqual({ kind: 'string', to: 4, quote: null });
});

test('a word that only begins like an operator is a word', () => {
  expect(kinds('inside notes ANDROID')).toEqual(['word inside', 'word notes', 'word ANDROID']);
});

test('what means nothing in TQL is marked as wrong, and the rest is still read', () => {
  expect(kinds('rating ; 3')).toEqual(['word rating', 'wrong ;', 'number 3']);
});

test('tokens and space cover any text without a gap', () => {
  const text = 'ä "中文 عربى" \\ ‮x\u0000 (rating>=3)…';
  let at = 0;
  for (const token of tokensOf(text)) {
    expect(text.slice(at, token.from).trim()).toBe('');
    at = token.to;
  }
  expect(text.slice(at).trim()).toBe('');
});
