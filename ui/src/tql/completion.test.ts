import { expect, test } from 'vitest';

import type { Options } from '../api/model';
import { placeAfter, proposalsAt, type Proposal } from './completion';
import { tokensOf } from './token';
import { operatorsOf, vocabularyOf } from './vocabulary';

const options: Options = {
  owners: [
    { name: 'Demo Organization', type: 'Organization' },
    { name: 'Källa "1"', type: 'Source' },
    { name: '威胁情报', type: 'Community' },
  ],
  indicator_types: [
    { name: 'EmailAddress', label: 'Email Address' },
    { name: 'Host', label: 'Host' },
  ],
  sort_fields: [],
  tql_keywords: [
    { name: 'rating', type: 'Double', description: 'Threat Rating' },
    { name: 'ownerName', type: 'String', description: '' },
    { name: 'typeName', type: 'String', description: '' },
    { name: 'lastModified', type: 'DateTime', description: '' },
    { name: 'indicatorActive', type: 'Boolean', description: '' },
    { name: 'hasTag', type: 'Undefined', description: '' },
    { name: 'hasAttribute', type: 'Undefined', description: '' },
  ],
};
const vocabulary = vocabularyOf(options);

/** The text with `|` where the cursor is. */
function proposals(marked: string, isAsked = true) {
  const at = marked.indexOf('|');
  return proposalsAt(marked.replace('|', ''), at, vocabulary, isAsked);
}

function labels(marked: string, isAsked = true): string[] {
  return (proposals(marked, isAsked)?.items ?? []).map(({ label }) => label);
}

/** The text after the proposal was taken, with `|` where the cursor comes to stand. */
function taken(marked: string, label: string): string {
  const found = proposals(marked);
  const item: Proposal | undefined = found?.items.find((each) => each.label === label);
  if (found === null || item === undefined) throw new Error(`not proposed: ${label}`);
  const text = marked.replace('|', '');
  const at = item.insert.length - item.back;
  const insert = `${item.insert.slice(0, at)}|${item.insert.slice(at)}`;
  return text.slice(0, found.from) + insert + text.slice(found.to);
}

test('an empty text offers the fields of this ThreatConnect', () => {
  expect(labels('|')).toEqual([...options.tql_keywords.map(({ name }) => name), 'NOT']);
});

test('without the words of ThreatConnect the documented fields serve', () => {
  const found = proposalsAt('threatA', 7, vocabularyOf(undefined), false);
  expect(found?.items.map(({ label }) => label)).toEqual(['threatAssessScore']);
});

test('fields come at the beginning of each condition', () => {
  for (const before of [
    '(',
    'rating > 1 AND ',
    'rating > 1 or (',
    'not (',
    'rating > 1 AND NOT ',
  ]) {
    expect(labels(`${before}own|`)).toEqual(['ownerName']);
  }
});

test('what begins with the typed text comes before what has it inside', () => {
  expect(labels('ha|')).toEqual(['hasTag', 'hasAttribute']);
  expect(labels('t|')).toEqual(expect.arrayContaining(['typeName', 'rating']));
  expect(labels('t|')[0]).toBe('typeName');
});

test('a field is followed by the operators of its kind', () => {
  expect(labels('rating |')).toEqual(operatorsOf(vocabulary.fields.indicator[0] ?? null));
  expect(labels('indicatorActive |')).toEqual(['=', '!=']);
  expect(labels('ownerName NOT |')).toEqual([
    ...['CONTAINS', 'STARTSWITH', 'ENDSWITH', 'LIKE', 'IN'],
  ]);
  expect(labels('somethingNew |')).toContain('CONTAINS');
});

test('owners and types are proposed as values, also those in other scripts', () => {
  expect(labels('ownerName = "|"')).toEqual(['Demo Organization', 'Källa "1"', '威胁情报']);
  expect(labels('typeName in ("Host", "|")')).toEqual(['EmailAddress', 'Host']);
  expect(labels('ownerName in (|)')).toContain('威胁情报');
});

test('values are escaped and their string is closed once', () => {
  expect(taken('ownerName = |', 'Källa "1"')).toBe(String.raw`ownerName = "Källa \"1\""|`);
  expect(taken('ownerName = "K|"', 'Källa "1"')).toBe(String.raw`ownerName = "Källa \"1\""|`);
  expect(taken("ownerName = 'K|", 'Källa "1"')).toBe(String.raw`ownerName = 'Källa \"1\"'|`);
});

test('a value in the middle of a list leaves the others alone', () => {
  expect(taken('typeName in ("Ho|", "URL")', 'Host')).toBe('typeName in ("Host"|, "URL")');
});

test('operators bring the quotes and brackets that they need, with the cursor in them', () => {
  expect(taken('ownerName |', 'IN')).toBe('ownerName IN ("|")');
  expect(taken('rating |', 'IN')).toBe('rating IN (|)');
  expect(taken('rating |', '>=')).toBe('rating >= |');
  expect(taken('lastModified |', '>=')).toBe('lastModified >= "|"');
  expect(taken('ownerName |', 'IS NULL')).toBe('ownerName IS NULL |');
});

test('a sub-query has the fields of what it is about', () => {
  expect(taken('has|', 'hasTag')).toBe('hasTag(|)');
  expect(labels('hasTag(|)')).toContain('techniqueId');
  expect(labels('hasTag(|)')).not.toContain('rating');
  expect(labels('hasAttribute(typeName = "|")')).toContain('Phase of Intrusion');
  expect(labels('hasTag(name = "x") AND rat|')).toEqual(['rating']);
});

test('booleans and dates have their values', () => {
  expect(labels('indicatorActive = |')).toEqual(['true', 'false']);
  expect(labels('lastModified >= "|"')).toEqual(['TODAY()', 'NOW()']);
});

test('a condition is followed by AND or OR', () => {
  expect(labels('rating >= 3 |')).toEqual(['AND', 'OR']);
  expect(labels('hasTag(name = "x") |')).toEqual(['AND', 'OR']);
  expect(labels('ownerName IS NULL |')).toEqual(['AND', 'OR']);
  expect(labels('rating IS |')).toEqual(['NOT NULL', 'NULL']);
});

test('unasked, nothing opens where Enter is meant as a line break', () => {
  for (const text of ['|', 'rating >= 3|', 'rating >= 3 |', 'rating >= 3 AND |', 'a = "x"|']) {
    expect(proposals(text, false)).toBeNull();
  }
  expect(proposals('rating >= 3 AND|', false)).toBeNull(); // it is all there
});

test('unasked, it speaks up at a begun word, in a string, and behind a field', () => {
  expect(labels('rat|', false)).toEqual(['rating']);
  expect(labels('rating |', false)).toContain('>=');
  expect(labels('ownerName = "|', false)).toContain('Demo Organization');
  expect(labels('rating >= 3 a|', false)).toEqual(['AND']);
});

test('text that makes no sense is read on without a fault', () => {
  for (const text of [')))', 'AND AND', '"', '; # (', 'in in in', ', ,', 'rating >= >=']) {
    for (let at = 0; at <= text.length; at += 1) {
      expect(() => proposalsAt(text, at, vocabulary, true)).not.toThrow();
    }
  }
});

test('the place behind a list in brackets is told from one in a sub-query', () => {
  expect(placeAfter(tokensOf('hasTag(name in ("a", '))).toMatchObject({
    wants: 'value',
    object: 'tag',
    field: 'name',
    isInList: true,
  });
});
