import { expect, test } from 'vitest';

import { makeQuery } from '../test/factories';
import { searched } from './querySearch';

const rows = [
  makeQuery({ id: 'a', name: 'Phishing', note: 'asked for by the SOC', tql: 'rating >= 4' }),
  makeQuery({ id: 'b', owners: ['ESET Research'], indicator_types: ['EmailAddress'] }),
  makeQuery({ id: 'c', owners: ['מחקר'], indicator_types: ['Host', 'URL'], tql: '' }),
];
const found = (search: string) => searched(rows, search).map(({ id }) => id);

test.each([
  ['phish', ['a']],
  ['soc', ['a']],
  ['RATING', ['a', 'b']],
  ['eset', ['b']],
  ['email address', ['b']],
  ['מחקר', ['c']],
  ['url host', ['c']],
  ['phish eset', []],
  ['  ', ['a', 'b', 'c']],
])('%j is looked for in name, note, TQL, owners and types', (search, ids) => {
  expect(found(search)).toEqual(ids);
});
