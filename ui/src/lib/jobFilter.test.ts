import { expect, test } from 'vitest';

import { filterOf, isFiltered, withSort } from './jobFilter';

test('an address without parameters asks for the newest 20 of all', () => {
  const filter = filterOf(new URLSearchParams());
  expect(filter).toEqual({
    status: [],
    requestId: '',
    jobType: '',
    mode: '',
    sort: 'date_queued',
    sortOrder: 'desc',
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
    sort: 'date_queued',
    requestId: 'b3fb',
  });
});

test('a second click on a heading turns the order round', () => {
  const filter = filterOf(new URLSearchParams('sort=count_read&sort_order=desc'));
  expect(withSort(filter, 'count_read')).toEqual({ sort: 'count_read', sort_order: 'asc' });
  expect(withSort(filter, 'mode')).toEqual({ sort: 'mode', sort_order: 'desc' });
});
