import { expect, test } from 'vitest';

import { filterOf, isFiltered, isNarrowed, withSort } from './jobFilter';

test('an address without parameters asks for the newest 20 of all', () => {
  const filter = filterOf(new URLSearchParams());
  expect(filter).toEqual({
    status: [],
    requestId: '',
    updateId: '',
    queryId: '',
    jobType: '',
    mode: '',
    range: { quick: '', after: '', before: '' },
    sort: 'position',
    sortOrder: 'asc',
    limit: 20,
    offset: 0,
  });
  expect(isFiltered(filter)).toBe(false);
});

test('what stands in the address is read', () => {
  const filter = filterOf(
    new URLSearchParams(
      'status=failed&status=pending&mode=full&job_type=ad-hoc&limit=80&offset=80',
    ),
  );
  expect(filter).toMatchObject({
    status: ['Pending', 'Failed'],
    mode: 'full',
    jobType: 'ad-hoc',
    limit: 80,
    offset: 80,
  });
  expect(isFiltered(filter)).toBe(true);
});

test('nonsense in the address does no harm', () => {
  const filter = filterOf(
    new URLSearchParams(
      "status=x&mode=y&job_type=z&limit=7&offset=-1&sort=a'b&request_id=<b>3f</b>",
    ),
  );
  expect(filter).toMatchObject({
    status: [],
    mode: '',
    jobType: '',
    limit: 20,
    offset: 0,
    sort: 'position',
    requestId: 'b3fb',
  });
});

test('a second click on a heading turns the order round', () => {
  const filter = filterOf(new URLSearchParams('sort=count_read&sort_order=desc'));
  expect(withSort(filter, 'count_read')).toEqual({ sort: 'count_read', sort_order: 'asc' });
  expect(withSort(filter, 'mode')).toEqual({ sort: 'mode', sort_order: 'desc' });
});

test('looking for single Jobs is told from looking for updates', () => {
  const read = (text: string) => filterOf(new URLSearchParams(text));
  for (const text of ['update_id=u-1', 'query_id=q-1', 'status=failed', 'request_id=3f']) {
    expect(isNarrowed(read(text)), text).toBe(true);
  }
  for (const text of ['mode=full', 'job_type=ad-hoc', 'range=24h', 'after=2026-03-09T16:05:06Z']) {
    expect(isNarrowed(read(text)), text).toBe(false);
    expect(isFiltered(read(text)), text).toBe(true);
  }
});
