import { describe, expect, it } from 'vitest';

import type { AuditRecord } from '../api/model';
import { actionLabel, auditHeading, auditLines, changeText, requestIdOf } from './audit';

function make(changes: Partial<AuditRecord> = {}): AuditRecord {
  return {
    at: '2026-03-09T16:00:00Z',
    user: 'ann',
    action: 'configure-save',
    detail: '1 TQL query, 1 edited',
    changes: [],
    changes_left_out: 0,
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
  it('gives one line for each change', () => {
    const change = { subject: 'TQL query 1', field: 'TQL', before: 'a', after: null };
    const lines = auditLines(make({ changes: [change, { ...change, field: 'Owners' }] }));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toHaveLength(auditHeading.length);
    expect(lines[0]?.slice(4)).toEqual(['TQL query 1', 'TQL', 'a', null]);
  });

  it('gives one line where nothing is said of fields', () => {
    expect(auditLines(make({ user: null }))).toEqual([
      ['2026-03-09T16:00:00Z', null, 'configure-save', '1 TQL query, 1 edited'],
    ]);
  });
});
