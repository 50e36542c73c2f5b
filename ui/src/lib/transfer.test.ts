import { expect, test } from 'vitest';

import type { ImportFile, Query } from '../api/model';
import { makeQuery } from '../test/factories';
import { describeChanges, hasChanges } from './draft';
import { comparison, fileOf as sentFile, messagesInFile, readFile } from './transfer';

const saved = ['q1', 'q2', 'q3'].map((id) => makeQuery({ id, tql: `rating > 1 and ${id}` }));
const [q1, q2, q3] = saved as [Query, Query, Query];

function fileOf(...queries: ImportFile['queries']): ImportFile {
  return { format: 'ms-sentinel-tql-queries', format_version: 1, exported_at: null, queries };
}

function fates(file: ImportFile) {
  const { inFile, inSaved, changes } = comparison(file, saved);
  return [
    inFile.map(({ fate }) => fate),
    inSaved.map(({ fate }) => fate),
    describeChanges(changes),
  ];
}

test('the saved list as a file changes nothing', () => {
  expect(hasChanges(comparison(fileOf(...saved), saved).changes)).toBe(false);
  expect(fates(fileOf(...saved))).toEqual([['kept', 'kept', 'kept'], ['kept', 'kept', 'kept'], '']);
});

test('what is added, edited and deleted is marked on its side', () => {
  const file = fileOf(q1, { ...q3, tql: 'rating > 4' }, makeQuery({ id: 'of another Service' }));
  expect(fates(file)).toEqual([
    ['kept', 'edited', 'added'],
    ['kept', 'deleted', 'edited'],
    '1 query added, 1 edited, 1 deleted',
  ]);
});

test('without ids, or with those of another Service, equal queries are the saved ones', () => {
  const file = fileOf(...[q2, q1].map((query) => ({ ...query, id: null })), {
    ...q3,
    id: 'of another Service',
    tql: `  ${q3.tql}`,
  });
  const found = comparison(file, saved);
  expect(found.rows.map(({ id }) => id)).toEqual(['q2', 'q1', 'q3']);
  expect(describeChanges(found.changes)).toBe('1 query edited, order changed');
  expect(sentFile(file, found.rows).queries.map(({ id }) => id)).toEqual(['q2', 'q1', 'q3']);
});

test('another order is a change though every query is kept', () => {
  expect(fates(fileOf(q2, q1, q3))).toEqual([
    ['kept', 'kept', 'kept'],
    ['kept', 'kept', 'kept'],
    'order changed',
  ]);
});

test('an id that comes twice is the saved query once, and a new one then', () => {
  expect(fates(fileOf(q1, q1, q2, q3))).toEqual([
    ['kept', 'added', 'kept', 'kept'],
    ['kept', 'kept', 'kept'],
    '1 query added, order changed',
  ]);
});

test('what a file may leave out has the value that the API gives it', () => {
  const { id, owners, indicator_types, tql } = q1;
  const file = fileOf({ id, owners, indicator_types, tql }, q2, q3);
  expect(hasChanges(comparison(file, saved).changes)).toBe(false);
});

test('an empty file deletes everything', () => {
  expect(fates(fileOf())).toEqual([[], ['deleted', 'deleted', 'deleted'], '3 queries deleted']);
});

test('a file as Export saves it is read', () => {
  const file = fileOf(q1);
  expect(readFile(JSON.stringify(file, null, 2))).toEqual({ file });
});

test.each([
  ['owners,tql\nAcme,rating', 'not JSON'],
  ['[]', 'not a list of TQL queries'],
  ['null', 'not a list of TQL queries'],
  ['{"format": "another", "format_version": 1, "queries": []}', 'not a list of TQL queries'],
  ['{"format": "ms-sentinel-tql-queries", "format_version": 2, "queries": []}', 'another version'],
  ['{"format": "ms-sentinel-tql-queries", "format_version": 1}', 'no list of queries'],
  [JSON.stringify({ ...fileOf(q1), queries: [q1, { ...q2, owners: 'Acme' }] }), 'Query 2'],
])('what is no such list is refused with its reason: %s', (text, reason) => {
  expect(readFile(text)).toEqual({ mistake: expect.stringContaining(reason) as string });
});

test('messages are named within the file', () => {
  expect(
    messagesInFile([
      { field: 'file.queries.1.tql', message: 'unbalanced' },
      { field: 'version', message: 'is required' },
    ]),
  ).toEqual([
    { field: 'queries.1.tql', message: 'unbalanced' },
    { field: 'version', message: 'is required' },
  ]);
});
