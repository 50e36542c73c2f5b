import { expect, test } from 'vitest';

import type { Options, Query } from '../api/model';
import { makeQuery } from '../test/factories';
import type { DraftRow } from './draft';
import { faultsOfRows } from './importCheck';

const options: Options = {
  owners: [{ name: 'Acme', type: 'Organization' }],
  indicator_types: [],
  sort_fields: [],
  tql_keywords: [],
};

function rowOf(changes: Partial<Query>, id: string | null = null): DraftRow {
  return { ...makeQuery(changes), key: 'file-0', id };
}

test('a good query has no fault', () => {
  expect(faultsOfRows([rowOf({})], [], options)).toEqual([]);
});

test('each bad field of each query is named', () => {
  const bad = rowOf({
    owners: ['Acme', 'Nobody', 'Nothing'],
    indicator_types: ['Host', 'Planet' as 'Host'],
    tql: '(rating > 1',
  });
  expect(faultsOfRows([rowOf({}), bad], [], options)).toEqual([
    { field: 'queries.1.tql', message: expect.stringContaining('never closed') as string },
    { field: 'queries.1.indicator_types', message: '"Planet" is not a supported Indicator type.' },
    {
      field: 'queries.1.owners',
      message: '"Nobody", "Nothing" are not owners that the ThreatConnect API user can read.',
    },
  ]);
});

test('what is missing is told', () => {
  const fields = faultsOfRows([rowOf({ owners: [], indicator_types: [] })], [], options);
  expect(fields.map(({ field }) => field)).toEqual([
    'queries.0.owners',
    'queries.0.indicator_types',
  ]);
});

test('an owner that the saved query has may stay', () => {
  const saved = [makeQuery({ id: 'q1', owners: ['Gone'] })];
  expect(faultsOfRows([rowOf({ owners: ['Gone'] }, 'q1')], saved, options)).toEqual([]);
  expect(faultsOfRows([rowOf({ owners: ['Gone'] })], saved, options)).toHaveLength(1);
});

test('while it is not known which owners there are, none is judged', () => {
  expect(faultsOfRows([rowOf({ owners: ['Nobody'] })], [], undefined)).toEqual([]);
});
