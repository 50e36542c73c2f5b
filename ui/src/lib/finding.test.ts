import { expect, it } from 'vitest';

import type { Finding } from '../api/model';
import {
  makeContextFinding,
  makeFinding,
  makeLogsError,
  makeSeen,
  makeVerification,
  makeVerificationRun,
} from '../test/verification';
import {
  canSendOne,
  differencesOf,
  findingCells,
  findingHeading,
  isNumberTyped,
  needsNewId,
  verifyStage,
} from './finding';

const words = (finding: Finding) =>
  differencesOf(finding).map((parts) =>
    parts.map((part) => (typeof part === 'string' ? part : `[${part.at}]`)).join(''),
  );
const changed = (changes: Parameters<typeof makeSeen>[0]) =>
  words(makeFinding({ kind: 'changed', seen: makeSeen(changes) }));

it('only what differs is said', () => {
  expect(words(makeFinding())).toEqual(['No row in Sentinel']);
  expect(changed({ confidence: 10 })).toEqual(['Confidence 10 instead of 80']);
  expect(changed({ confidence: null })).toEqual(['No confidence instead of 80']);
  expect(changed({ is_revoked: true })).toEqual(['Revoked']);
  expect(changed({ is_deleted: true, is_active: false })).toEqual(['Deleted']);
  expect(changed({ is_active: false })).toEqual(['Inactive']);
  expect(changed({ valid_until: null })).toEqual(['Never ends, instead of [2026-04-01T08:00:00Z]']);
  expect(changed({ valid_until: '2026-05-01T08:00:00Z', confidence: 1 })).toEqual([
    'Confidence 1 instead of 80',
    'Ends [2026-05-01T08:00:00Z] instead of [2026-04-01T08:00:00Z]',
  ]);
});

it('the same moment in other words is no difference', () => {
  expect(changed({ valid_until: '2026-04-01T08:00:00.000000Z', is_revoked: true })).toEqual([
    'Revoked',
  ]);
});

it('of an older version, its time says it all', () => {
  const seen = makeSeen({ date_modified: '2026-02-01T08:00:00Z', confidence: 1 });
  expect(words(makeFinding({ kind: 'older', seen }))).toEqual([
    'Version of [2026-02-01T08:00:00Z] instead of [2026-03-01T08:00:00Z]',
  ]);
});

it('what nobody here sent is told by its row', () => {
  const unknown = { kind: 'unknown', held: null, pattern: "[url:value = 'x']" } as const;
  expect(words(makeFinding({ ...unknown, seen: makeSeen() }))).toEqual([
    'Active until [2026-04-01T08:00:00Z]',
  ]);
  expect(words(makeFinding({ ...unknown, seen: makeSeen({ valid_until: null }) }))).toEqual([
    'Active, without an end',
  ]);
  expect(words(makeFinding({ kind: 'unknown', seen: makeSeen() }))).toEqual([
    'Active, although it was withdrawn',
  ]);
  expect(words(makeFinding({ kind: 'unmatchable', seen: makeSeen() }))).toEqual([
    'Active, but its pattern could not be parsed',
  ]);
});

it.each([
  ['missing', true],
  ['older', true],
  ['expired-early', true],
  ['changed', true],
  ['unmatchable', false],
  ['unknown', false],
] as const)('one that is %s can be sent again: %s', (kind, can) => {
  expect(canSendOne(makeFinding({ kind }))).toBe(can);
  expect(canSendOne(makeFinding({ kind, is_requested: true }))).toBe(false);
  expect(canSendOne(makeFinding({ kind, held: null }))).toBe(false);
});

it('only what is revoked or deleted there needs a new id', () => {
  const of = (changes: Parameters<typeof makeSeen>[0]) =>
    needsNewId(makeFinding({ kind: 'changed', seen: makeSeen(changes) }));
  expect(of({ is_revoked: true })).toBe(true);
  expect(of({ is_deleted: true })).toBe(true);
  expect(of({ confidence: 1 })).toBe(false);
  expect(needsNewId(makeFinding())).toBe(false);
});

it.each([
  ['1,234', true],
  [' 1234 ', true],
  ['123', false],
  ['1234x', false],
  ['0x4d2', false],
  ['', false],
])('%j is 1,234 as typed: %s', (text, is) => {
  expect(isNumberTyped(text, 1_234)).toBe(is);
});

it('Verify is in one of five stages', () => {
  const last = makeVerificationRun();
  const failed = makeVerificationRun({ error: makeLogsError() });
  expect(verifyStage(makeVerification())).toBe('never');
  expect(verifyStage(makeVerification({ interval_hours: 0 }))).toBe('off');
  expect(verifyStage(makeVerification({ interval_hours: 0, last }))).toBe('done');
  expect(verifyStage(makeVerification({ last: failed, complete: last }))).toBe('failed');
  expect(verifyStage(makeVerification({ date_started: '2026-03-09T16:00:00Z' }))).toBe('running');
});

it('a line of the file has a cell for each heading', () => {
  const cells = findingCells(makeFinding({ kind: 'changed', seen: makeSeen({ confidence: 10 }) }));
  expect(cells).toHaveLength(findingHeading.length);
  expect(cells.slice(0, 6)).toEqual([
    'Changed in Sentinel',
    'bad.example',
    'Host',
    'Acme',
    'Phishing',
    'Confidence 10 instead of 80',
  ]);
  const indicator = { id: null, type: 'URL', summary: '[x]', owner: null, web_link: null };
  const unknown = makeFinding({ kind: 'unknown', held: null, pattern: '[x]', indicator });
  expect(findingCells(unknown).slice(0, 3)).toEqual(['Unknown', undefined, null]);
});

it('a context object has neither an end nor a confidence to differ in', () => {
  const seen = makeSeen({ valid_until: null, confidence: null, is_revoked: true });
  const finding = makeContextFinding({ kind: 'changed', seen });
  expect(words(finding)).toEqual(['Revoked']);
  expect(canSendOne(finding)).toBe(true);
  expect(canSendOne(makeContextFinding({ is_sendable: false }))).toBe(false);
  expect(findingCells(finding).slice(-2)).toEqual([
    'Relationship',
    'bad.example indicates Quiet Bear',
  ]);
});
