import { expect, it } from 'vitest';

import type { ObjectRow } from '../api/model';
import { methodWords, rowFace } from './objectRow';

const row: ObjectRow = {
  date_generated: '2026-03-09T16:00:00Z',
  method: 'ThreatIntelUploadAPI',
  date_modified: '2026-03-09T15:59:00Z',
  valid_until: '2026-04-09T16:00:00Z',
  confidence: 80,
  is_active: true,
  is_revoked: false,
  is_deleted: false,
  is_parsed: true,
};

it.each([
  [{}, 'Active'],
  [{ valid_until: null }, 'Active'],
  [{ is_active: null }, 'Active'],
  [{ is_active: false }, 'Inactive'],
  [{ is_revoked: true, is_active: false }, 'Revoked'],
  [{ is_deleted: true, is_revoked: true }, 'Deleted'],
  [{ valid_until: '2026-03-09T15:00:00Z', is_active: false }, 'Expired'],
])('a row with %j is %s', (changes, name) => {
  expect(rowFace({ ...row, ...changes }).name).toBe(name);
});

it('a way that is not known keeps its name', () => {
  expect(methodWords('LogARepublisher')).toBe('Republished by Sentinel');
  expect(methodWords('SomethingNew')).toBe('SomethingNew');
});
