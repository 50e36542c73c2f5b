import { expect, test } from 'vitest';

import { makeQuery } from '../test/factories';
import { compareLists, countDiffering, isDiffering, type Compared } from './conflict';
import { draftOf, withoutRow, withRow, withRowMovedTo } from './draft';

const saved = ['q1', 'q2', 'q3', 'q4'].map((id) => makeQuery({ id }));
const { rows } = draftOf(4, saved);
const { id: _id, ...fields } = makeQuery({ tql: 'confidence > 50' });
const keys = (list: readonly Compared[]) => list.filter(isDiffering).map(({ key }) => key);

test('nothing differs between equal lists', () => {
  const comparison = compareLists(saved, rows);
  expect(keys(comparison.newer)).toEqual([]);
  expect(keys(comparison.mine)).toEqual([]);
  expect(countDiffering(comparison)).toBe(0);
});

test('a query that only one list has stands alone in it', () => {
  const newer = [...saved, makeQuery({ id: 'q9' })];
  const mine = withRow(withoutRow(rows, 'q2'), fields, 'added-1');
  const comparison = compareLists(newer, mine);
  const alone = (list: readonly Compared[]) => list.filter((row) => row.isAlone);
  expect(keys(alone(comparison.newer))).toEqual(['q2', 'q9']);
  expect(keys(alone(comparison.mine))).toEqual(['added-1']);
  expect(countDiffering(comparison)).toBe(3);
});

test('the fields that differ are named in both lists', () => {
  const newer = saved.map((query) => (query.id === 'q3' ? { ...query, owners: ['Other'] } : query));
  const comparison = compareLists(newer, withRow(rows, fields, 'q3'));
  expect(comparison.newer[2]?.differing).toEqual(['owners', 'tql']);
  expect(comparison.mine[2]?.differing).toEqual(['owners', 'tql']);
  expect(countDiffering(comparison)).toBe(1);
});

test('one query that was moved is marked, and not those that gave way', () => {
  const comparison = compareLists(saved, withRowMovedTo(rows, 'q4', 'q1'));
  expect(keys(comparison.newer)).toEqual(['q4']);
  expect(keys(comparison.mine)).toEqual(['q4']);
});

test('a query that was taken away lets no other count as moved', () => {
  expect(keys(compareLists(saved.slice(1), rows).mine)).toEqual(['q1']);
});
