import { expect, test } from 'vitest';

import { formatHash, parseHash } from './route';

test.each([
  ['', ''],
  ['#', ''],
  ['#/', ''],
  ['#/jobs', 'jobs'],
  ['#/reports/errors/', 'reports/errors'],
  ['#jobs?status=failed', 'jobs'],
])('the hash %j leads to %j', (hash, path) => {
  expect(parseHash(hash).path).toBe(path);
});

test('parameters survive the way there and back, repeated ones too', () => {
  const params = new URLSearchParams([
    ['status', 'failed'],
    ['status', 'pending'],
    ['request_id', ''],
  ]);
  const hash = formatHash('jobs', params);
  expect(hash).toBe('#/jobs?status=failed&status=pending');
  expect(parseHash(hash).params.getAll('status')).toEqual(['failed', 'pending']);
});

test('without parameters there is no question mark', () => {
  expect(formatHash('configure')).toBe('#/configure');
  expect(formatHash('jobs', { open: '' })).toBe('#/jobs');
});
