import { describe, expect, it } from 'vitest';

import type { LookupReply, LookupRow } from '../api/model';
import { makeLookupRow } from '../test/findings';
import {
  actionRows,
  countWords,
  joinRows,
  lookedUpAs,
  lookupCells,
  lookupHeading,
  objectName,
  partsOf,
  refusedName,
  shownRows,
  verdictCounts,
  verdictFace,
  verdictNames,
  verdictWords,
} from './lookup';

const refused = {
  object_key: 'File|SHA-256|abc|def',
  indicator_id: '1',
  query_id: 'q1',
  position: 0,
  attempts: 2,
  error: null,
};
const near = {
  relation: 'block' as const,
  type: 'CIDR' as const,
  value: '95.46.98.0/24',
  owner: 'Example Org',
  query_id: 'q1',
  position: 0,
  first_sent: null,
  last_sent: '2026-03-09T16:00:00Z',
  valid_until: '2026-04-09T16:00:00Z',
};
const row = (value: string, changes: Partial<LookupRow> = {}) =>
  makeLookupRow({ given: value, value, ...changes });
const reply = (rows: LookupRow[], sourceError: string | null = null): LookupReply => ({
  rows,
  queries: [],
  source_error: sourceError,
});

describe('verdictWords', () => {
  it('counts the active objects of what is in Sentinel', () => {
    const found = { objects: 3, why: '3 active objects. Sentinel refused 1 more.' };
    expect(verdictWords(row('a', found))).toBe(
      'In Sentinel (3 active objects). Sentinel refused 1 more.',
    );
    expect(verdictWords(row('a'))).toBe('In Sentinel (1 active object)');
  });

  it('gives the reason where it is not', () => {
    expect(verdictWords(row('a', { verdict: 'expired', why: 'It expired in Sentinel.' }))).toBe(
      'It expired in Sentinel.',
    );
  });

  it('says first that a value nobody knows is not there, unless something around it is', () => {
    const unknown = row('a', { verdict: 'unknown', why: 'ThreatConnect has no such Indicator.' });
    expect(verdictWords(unknown)).toBe('Not in Sentinel. ThreatConnect has no such Indicator.');
    const why = 'In Sentinel by its block 10.0.0.0/8. ThreatConnect has no such Indicator.';
    expect(verdictWords({ ...unknown, near, why })).toBe(why);
  });
});

it('has a face of its own for every verdict', () => {
  const names = verdictNames.map((name) => verdictFace(name).name);
  expect(new Set(names).size).toBe(names.length);
});

it('says what was looked up only where that was something else', () => {
  expect(lookedUpAs(row('a.example'))).toBeNull();
  expect(lookedUpAs(row('a.example', { given: 'a[.]example' }))).toBe('a.example');
  expect(lookedUpAs(row('xn--bcher-kva.example', { shown: 'bücher.example' }))).toBe(
    'xn--bcher-kva.example (bücher.example)',
  );
  expect(lookedUpAs(row('bücher.example', { shown: 'bücher.example' }))).toBeNull();
});

it('counts values, what is in Sentinel, and duplicates', () => {
  const rows = [row('a'), row('b', { verdict: 'unknown', times: 3 })];
  expect(countWords(rows)).toBe('2 values: 1 in Sentinel, 1 not. 2 duplicates were combined.');
  expect(countWords([row('a')])).toBe('1 value: 1 in Sentinel, 0 not.');
  expect(verdictCounts(rows)).toEqual([
    { verdict: 'unknown', count: 1 },
    { verdict: 'in-sentinel', count: 1 },
  ]);
});

it('filters and orders rows, and leaves them as they are', () => {
  const rows = [row('a'), row('b', { verdict: 'refused' }), row('c')];
  const values = (found: LookupRow[]) => found.map(({ value }) => value).join('');
  expect(values(shownRows(rows, null, 'pasted'))).toBe('abc');
  expect(values(shownRows(rows, null, 'verdict'))).toBe('bac');
  expect(values(shownRows(rows, 'in-sentinel', 'verdict'))).toBe('ac');
  expect(values(rows)).toBe('abc');
});

it('sends what is known, and withdraws what is active', () => {
  const rows = [
    row('a'),
    row('b', { verdict: 'expired', objects: 0 }),
    row('c', { verdict: 'unknown', objects: 0 }),
    row('d', { verdict: 'not-understood', objects: 0 }),
  ];
  const values = (found: LookupRow[]) => found.map(({ value }) => value).join('');
  expect(values(actionRows(rows, 'send'))).toBe('ab');
  expect(values(actionRows(rows, 'withdraw'))).toBe('a');
});

describe('partsOf', () => {
  it('asks for a hundred values at a time', () => {
    const values = Array.from({ length: 250 }, (_, at) => `v${at}`);
    const parts = partsOf(values);
    expect(parts.map((part) => part.length)).toEqual([100, 100, 50]);
    expect(parts.flat()).toEqual(values);
  });

  it('asks for fewer where they are long', () => {
    const values = Array.from({ length: 30 }, () => 'x'.repeat(10_000));
    const parts = partsOf(values);
    expect(parts.map((part) => part.length)).toEqual([9, 9, 9, 3]);
    expect(partsOf([])).toEqual([]);
  });
});

it('joins parts: a value given in both has one row, and an error stays', () => {
  const first = reply([row('a'), row('b')], 'No answer.');
  const joined = joinRows(joinRows(null, first), reply([row('b', { times: 2 }), row('c')]));
  expect(joined.rows.map(({ value, times }) => [value, times])).toEqual([
    ['a', 1],
    ['b', 3],
    ['c', 1],
  ]);
  expect(joined.source_error).toBe('No answer.');
});

it('makes a line of a file with a cell under each heading', () => {
  const queries = [
    { query_id: 'q1', position: 0, label: 'Phishing', label_scope: null, is_enabled: true },
  ];
  const cells = lookupCells(row('a', { near, given: 'a[.]', query_id: 'q1' }), queries);
  expect(cells).toHaveLength(lookupHeading.length);
  expect(cells[lookupHeading.indexOf('TQL query')]).toBe('1. Phishing');
  expect(cells[lookupHeading.indexOf('Relation')]).toBe('Block');
  expect(cells[lookupHeading.indexOf('Looked up as')]).toBe('a');
  const gone = lookupCells(row('a', { query_id: 'gone' }), queries);
  expect(gone[lookupHeading.indexOf('TQL query')]).toBe('A deleted query');
});

it('names objects and what was refused', () => {
  expect(objectName('Host', null)).toBe('Host');
  expect(refusedName(refused)).toBe('File, SHA-256 hash');
  expect(refusedName({ ...refused, object_key: 'Host||a|b' })).toBe('Host');
});
