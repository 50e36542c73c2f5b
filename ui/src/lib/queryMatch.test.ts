import { expect, test } from 'vitest';

import { makeQuery } from '../test/factories';
import { matchedIds, type FileQuery } from './queryMatch';

const saved = [
  makeQuery({ id: 'q1', tql: 'rating > 1' }),
  makeQuery({ id: 'q2', tql: 'rating > 2' }),
  makeQuery({ id: 'q3', tql: 'rating > 2', sort_field: 'rating' }),
];
const [first, second, third] = saved as [FileQuery, FileQuery, FileQuery];
const without = (query: FileQuery): FileQuery => ({ ...query, id: null });

test('a query is the saved one with its id, whatever else was changed', () => {
  const edited = { ...first, tql: 'rating > 2', owners: ['Other'] };
  expect(matchedIds([edited, second], saved)).toEqual(['q1', 'q2']);
});

test('without ids, queries equal in every field are the saved ones, in any order', () => {
  expect(matchedIds([without(third), without(first), without(second)], saved)).toEqual([
    'q3',
    'q1',
    'q2',
  ]);
});

test('ids of another Service count as none', () => {
  const foreign = saved.map((query) => ({ ...query, id: `other-${query.id}` }));
  expect(matchedIds(foreign, saved)).toEqual(['q1', 'q2', 'q3']);
});

test('one that selects the same in another order of sending is the saved one, edited', () => {
  const sorted = { ...without(first), tql: ' rating > 1', sort_field: 'summary' };
  expect(matchedIds([sorted], saved)).toEqual(['q1']);
});

test('an id goes before content, and an equal query before a similar one', () => {
  expect(matchedIds([without(first), first], saved)).toEqual([null, 'q1']);
  expect(matchedIds([without(third)], saved)).toEqual(['q3']);
});

test('no saved query is matched twice', () => {
  expect(matchedIds([without(first), without(first), first], saved)).toEqual([null, null, 'q1']);
  expect(matchedIds([first, first], saved)).toEqual(['q1', null]);
});

test('a query of its own is new', () => {
  expect(matchedIds([makeQuery({ id: '', tql: 'confidence > 90' })], saved)).toEqual([null]);
});
