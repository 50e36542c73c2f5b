import { expect, test } from 'vitest';

import { makeQuery } from '../test/factories';
import { asksTheSame, blankQuery, bodyOfFields, mistakesFrom, mistakesOf } from './queryForm';

const { id: _id, ...fields } = makeQuery();

test('an empty window lacks owners and types, in this order; TQL may be empty', () => {
  expect(Object.keys(mistakesOf(blankQuery))).toEqual(['owners', 'indicator_types']);
});

test('a whole query lacks nothing', () => {
  expect(mistakesOf(fields)).toEqual({});
});

test.each([
  ['(rating > 1', 'parenthesis that is never closed'],
  ['x'.repeat(10_001), '10001 characters'],
])('TQL that cannot be asked is told at once', (tql, words) => {
  expect(mistakesOf({ ...fields, tql }).tql).toContain(words);
});

test('TQL is sent without the space around it, and with the id of the saved query', () => {
  expect(bodyOfFields({ ...fields, tql: ' rating > 1\n' }, 'q1')).toEqual({
    ...fields,
    tql: 'rating > 1',
    id: 'q1',
  });
});

test('messages come to their fields; one for the list itself is left out', () => {
  expect(
    mistakesFrom([
      { field: 'owners.0', message: '"A" is unknown.' },
      { field: 'owners.2', message: '"B" is unknown.' },
      { field: 'tql', message: 'Bad.' },
      { field: 'id', message: 'is not saved' },
    ]),
  ).toEqual({ owners: '"A" is unknown. "B" is unknown.', tql: 'Bad.' });
});

test('the sort asks ThreatConnect nothing new', () => {
  expect(asksTheSame(fields, { ...fields, sort_field: 'rating', tql: `${fields.tql} ` })).toBe(
    true,
  );
  expect(asksTheSame(fields, { ...fields, owners: ['Other'] })).toBe(false);
});
