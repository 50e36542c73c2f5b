import { expect, test } from 'vitest';

import { errorFilterOf, isErrorFiltered } from './errorFilter';

function read(text: string) {
  return errorFilterOf(new URLSearchParams(text));
}

const none = {
  requestId: '',
  state: 'open',
  queryId: '',
  updateId: '',
  code: '',
  indicatorType: '',
  text: '',
  range: { quick: '', after: '', before: '' },
};

test('every filter is read from the address', () => {
  const filter = read(
    'request_id=ab-1&state=resolved&query_id=q-1&update_id=u-1&text=bad+pattern&code=AZ-ITEM&indicator_type=email-address' +
      '&after=2026-03-09T16:05:06Z&before=2026-03-10T00:00:00Z',
  );
  expect(filter).toEqual({
    requestId: 'ab-1',
    state: 'resolved',
    queryId: 'q-1',
    updateId: 'u-1',
    text: 'bad pattern',
    code: 'AZ-ITEM',
    indicatorType: 'EmailAddress',
    range: { quick: 'custom', after: '2026-03-09T16:05:06Z', before: '2026-03-10T00:00:00Z' },
  });
  expect(isErrorFiltered(filter)).toBe(true);
});

test('what is not understood counts as not chosen', () => {
  expect(
    read(
      'state=closed&indicator_type=Group&after=yesterday&before=2026-02-30T99:00:00Z&code=%3C%3E',
    ),
  ).toEqual(none);
  expect(read('')).toEqual(none);
  expect(isErrorFiltered(read(''))).toBe(false);
});

test('errors that are open are shown first, and of one Job all of them', () => {
  expect(read('').state).toBe('open');
  expect(read('request_id=ab-1').state).toBe('all');
  expect(read('request_id=ab-1&state=open').state).toBe('open');
  expect(isErrorFiltered(read('state=all'))).toBe(false);
});

test('of one update, everything that happened is shown', () => {
  expect(read('update_id=u-1').state).toBe('all');
  expect(isErrorFiltered(read('update_id=u-1'))).toBe(true);
});
