import { describe, expect, it, test } from 'vitest';

import type { AuditRecord } from '../api/model';
import { actionLabel, auditHeading, auditLines, changeText, requestIdOf } from './audit';
import { auditFilterOf, isAuditFiltered } from './auditFilter';

function make(changes: Partial<AuditRecord> = {}): AuditRecord {
  return {
    at: '2026-03-09T16:00:00Z',
    user: 'ann',
    action: 'configure-save',
    detail: '1 TQL query, 1 edited',
    changes: [],
    changes_left_out: 0,
    query_ids: [],
    update_ids: [],
    ...changes,
  };
}

it('names what was done, and passes on what it does not know', () => {
  expect(actionLabel('task-kill')).toBe('Task killed');
  expect(actionLabel('constructor')).toBe('constructor');
});

it('finds the Job of an entry about a Job alone', () => {
  expect(requestIdOf(make({ action: 'job-retry', detail: 'abc-1' }))).toBe('abc-1');
  expect(requestIdOf(make({ action: 'job-retry', detail: '<b>' }))).toBeNull();
  expect(requestIdOf(make())).toBeNull();
});

it('writes types and fields as the other screens do, and leaves the rest alone', () => {
  expect(changeText('Sort Field', 'threatAssessScore')).toBe('ThreatAssess Score');
  expect(changeText('Indicator Types', 'EmailAddress, Host')).toBe('Email Address, Host');
  expect(changeText('TQL', 'typeName = "EmailAddress"')).toBe('typeName = "EmailAddress"');
});

describe('auditLines', () => {
  const change = { subject: 'TQL query 1', field: 'TQL', before: 'a', after: null };
  const facts = ['2026-03-09T16:00:00Z', 'ann', 'TQL queries saved', '1 TQL query, 1 edited'];

  it('makes one line for each change, with the words of the screen', () => {
    const lines = auditLines(make({ changes: [change, { ...change, field: 'Owners' }] }));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toEqual([...facts, 'TQL query 1', 'TQL', 'a', null]);
  });

  it('writes values as the screen does', () => {
    const sort = { ...change, field: 'Sort Field', before: null, after: 'threatAssessScore' };
    const [line] = auditLines(make({ changes: [sort] }));
    expect(line?.slice(5)).toEqual(['Sort Field', null, 'ThreatAssess Score']);
  });

  it('makes one line where nothing is said of fields', () => {
    expect(auditLines(make({ user: null }))).toEqual([
      [facts[0], null, ...facts.slice(2), null, null, null, null],
    ]);
  });

  it('says how many changes were not recorded', () => {
    const lines = auditLines(make({ changes: [change], changes_left_out: 12 }));
    expect(lines[1]?.[4]).toBe('12 further changes, not recorded');
  });

  it('gives every line a cell for each heading', () => {
    const records = [make(), make({ changes: [change], changes_left_out: 1 })];
    for (const line of records.flatMap(auditLines)) expect(line).toHaveLength(auditHeading.length);
  });
});

test('the filters are those of the address', () => {
  const read = (text: string) => auditFilterOf(new URLSearchParams(text));
  expect(read('action=task-pause&user=ann@x&query_id=q-1&update_id=u-1&range=24h')).toEqual({
    action: 'task-pause',
    user: 'ann@x',
    queryId: 'q-1',
    updateId: 'u-1',
    range: { quick: '24h', after: '', before: '' },
  });
  expect(read('action=<b>&user=a%26b')).toMatchObject({ action: '', user: 'ab' });
  expect(isAuditFiltered(read(''))).toBe(false);
  expect(isAuditFiltered(read('range=24h'))).toBe(true);
});
