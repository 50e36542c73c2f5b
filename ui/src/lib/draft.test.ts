import { expect, test } from 'vitest';

import { makeQuery } from '../test/factories';
import {
  bodyOf,
  changesOf,
  countChanges,
  describeChanges,
  draftOf,
  freeKey,
  hasChanges,
  isSavedAbove,
  messagesByRow,
  savedAbove,
  withCopy,
  withoutRow,
  withRow,
  withRowAt,
  withRowMoved,
  withRowMovedTo,
} from './draft';

const saved = ['q1', 'q2', 'q3'].map((id) => makeQuery({ id, tql: `rating > 1 and ${id}` }));
const { id: _id, ...fields } = makeQuery({ tql: 'confidence > 50' });
const rows = draftOf(4, saved).rows;
const ids = (list: typeof rows) => list.map((row) => row.id);

test('a fresh draft has no changes', () => {
  expect(hasChanges(changesOf(rows, saved))).toBe(false);
});

test('a row moves by one and stops at the ends', () => {
  expect(ids(withRowMoved(rows, 'q3', -1))).toEqual(['q1', 'q3', 'q2']);
  expect(ids(withRowMoved(rows, 'q1', -1))).toEqual(['q1', 'q2', 'q3']);
  expect(ids(withRowMoved(rows, 'q3', 1))).toEqual(['q1', 'q2', 'q3']);
  expect(ids(withRowMoved(rows, 'nobody', 1))).toEqual(['q1', 'q2', 'q3']);
});

test('a row moves to the place of another, up and down, and nowhere else', () => {
  expect(ids(withRowMovedTo(rows, 'q3', 'q1'))).toEqual(['q3', 'q1', 'q2']);
  expect(ids(withRowMovedTo(rows, 'q1', 'q3'))).toEqual(['q2', 'q3', 'q1']);
  expect(ids(withRowMovedTo(rows, 'q2', 'q2'))).toEqual(['q1', 'q2', 'q3']);
  expect(ids(withRowMovedTo(rows, 'nobody', 'q1'))).toEqual(['q1', 'q2', 'q3']);
  expect(ids(withRowMovedTo(rows, 'q1', 'nobody'))).toEqual(['q1', 'q2', 'q3']);
});

test('a row moves to a place by its number, and stops at the ends', () => {
  expect(ids(withRowAt(rows, 'q3', 0))).toEqual(['q3', 'q1', 'q2']);
  expect(ids(withRowAt(rows, 'q1', 1))).toEqual(['q2', 'q1', 'q3']);
  expect(ids(withRowAt(rows, 'q1', 90))).toEqual(['q2', 'q3', 'q1']);
  expect(ids(withRowAt(rows, 'q2', -1))).toEqual(['q2', 'q1', 'q3']);
  expect(ids(withRowAt(rows, 'nobody', 0))).toEqual(['q1', 'q2', 'q3']);
});

test('a copy is a new query right below, with a name that says so', () => {
  const named = withRow(rows, { ...fields, name: 'Phishing' }, 'q2');
  const copied = withCopy(named, 'q2', freeKey(named));
  expect(ids(copied)).toEqual(['q1', 'q2', null, 'q3']);
  expect(copied[2]).toMatchObject({ tql: 'confidence > 50', name: 'Phishing (copy)' });
  expect(withCopy(rows, 'q1', 'added-1')[1]?.name).toBeNull();
  const long = withCopy(withRow(rows, { ...fields, name: 'x'.repeat(80) }, 'q1'), 'q1', 'added-1');
  expect(long[1]?.name).toMatch(/^x{73} \(copy\)$/);
});

test('rows that are added have keys of their own', () => {
  const once = withCopy(rows, 'q1', freeKey(rows));
  const twice = withCopy(once, 'q1', freeKey(once));
  expect(new Set(twice.map(({ key }) => key)).size).toBe(5);
});

test('moving there and back is no change', () => {
  const moved = withRowMoved(rows, 'q1', 1);
  expect(describeChanges(changesOf(moved, saved))).toBe('order changed');
  expect(hasChanges(changesOf(withRowMoved(moved, 'q1', -1), saved))).toBe(false);
});

test('a new row goes to the end and has no id of its own', () => {
  const added = withRow(rows, fields, 'added-1');
  expect(ids(added)).toEqual(['q1', 'q2', 'q3', null]);
  expect(describeChanges(changesOf(added, saved))).toBe('1 query added');
});

test('a new row moved before an older one changes the order', () => {
  const first = withRowMoved(withRow(rows, fields, 'added-1'), 'added-1', -1);
  expect(describeChanges(changesOf(first, saved))).toBe('1 query added, order changed');
});

test('an edited row stays the same query; edited back it is no change', () => {
  const edited = withRow(rows, fields, 'q2');
  expect(ids(edited)).toEqual(['q1', 'q2', 'q3']);
  expect(describeChanges(changesOf(edited, saved))).toBe('1 query edited');
  const { id: _unused, ...before } = makeQuery({ tql: 'rating > 1 and q2' });
  expect(hasChanges(changesOf(withRow(edited, before, 'q2'), saved))).toBe(false);
});

test('what stands above a row are the saved queries, not those that were only added here', () => {
  const added = withRowMoved(withRow(rows, fields, 'added-1'), 'added-1', -1);
  expect(savedAbove(added, 'q1')).toBe(0);
  expect(savedAbove(added, 'q3')).toBe(2);
  expect(savedAbove(added, 'added-1')).toBe(2);
  expect(savedAbove(added, null)).toBe(3);
});

test('each change counts once, and another order as one', () => {
  const changed = withRowMoved(withRow(withoutRow(rows, 'q2'), fields, 'added-1'), 'added-1', -1);
  expect(countChanges(changesOf(changed, saved))).toBe(3);
});

test('a deleted row leaves the order of the others', () => {
  expect(describeChanges(changesOf(withoutRow(rows, 'q2'), saved))).toBe('1 query deleted');
});

test('what is sent holds the version, the order and no keys of the page', () => {
  const body = bodyOf({ version: 4, rows: withRow(rows, fields, 'added-1') }, 'full');
  expect(body).toMatchObject({ version: 4, run: 'full' });
  expect(body.queries.map((query) => query.id)).toEqual(['q1', 'q2', 'q3', null]);
  expect(Object.keys(body.queries[3] ?? {}).sort()).toEqual([
    'id',
    'indicator_types',
    'is_enabled',
    'name',
    'note',
    'owners',
    'sort_direction',
    'sort_field',
    'tql',
  ]);
});

test('messages of a refused save find their rows and fields', () => {
  const { byRow, other } = messagesByRow(rows, [
    { field: 'queries.1.tql', message: 'unbalanced' },
    { field: 'queries.1.owners.0', message: 'unknown' },
    { field: 'queries.1.owners.2', message: 'twice' },
    { field: 'queries.0.id', message: 'stale' },
    { field: 'queries.9.tql', message: 'nowhere' },
    { field: 'version', message: 'is required' },
  ]);
  expect(byRow.get('q2')).toEqual({ tql: 'unbalanced', owners: 'unknown twice' });
  expect(byRow.get('q1')).toEqual({ row: 'stale' });
  expect(other).toEqual(['nowhere', 'is required']);
});

test('what stands above a row is what is saved there, until the draft changes it', () => {
  expect(isSavedAbove(rows, 'q3', saved)).toBe(true);
  expect(isSavedAbove(rows, null, saved)).toBe(true);
  expect(isSavedAbove(withRow(rows, fields, 'q3'), 'q3', saved)).toBe(true);
  expect(isSavedAbove(withRowMovedTo(rows, 'q1', 'q3'), 'q1', saved)).toBe(true);
});

test.each([
  ['edited', withRow(rows, fields, 'q1'), 'q3'],
  ['moved', withRowMoved(rows, 'q1', 1), 'q3'],
  ['moved below it', withRowMovedTo(rows, 'q1', 'q3'), 'q3'],
  ['taken away', withoutRow(rows, 'q1'), 'q3'],
  ['added', withRow(rows, fields, 'added-1'), null],
])('a query above that was %s is not known to be there', (_words, changed, key) => {
  expect(isSavedAbove(changed, key, saved)).toBe(false);
});
