import { expect, it } from 'vitest';

import { matchBodyOf } from '../api/match';
import { isMatchFiltered, matchFilterOf, noMatchFilter, withMatchSort } from './matchFilter';

const of = (query: string) => matchFilterOf(new URLSearchParams(query));

it('what is not understood counts as not chosen', () => {
  expect(matchBodyOf(of('kind=x&severity=y&indicator_type=z&sort=w&sort_order=v'))).toEqual({
    sort: 'last',
    sort_order: 'desc',
  });
});

it('the body has what is chosen alone', () => {
  const query =
    'kind=exact&severity=high&indicator_type=host&owner=A+B&query_id=q1&text=x' +
    '&after=2026-03-09T16:00:00Z&sort=alerts&sort_order=asc';
  expect(matchBodyOf(of(query))).toEqual({
    kind: 'exact',
    severity: 'high',
    indicator_type: 'host',
    owner: 'A B',
    query_id: 'q1',
    text: 'x',
    after: '2026-03-09T16:00:00Z',
    sort: 'alerts',
    sort_order: 'asc',
  });
});

it('clearing leaves nothing chosen, and the order is no filter', () => {
  expect(isMatchFiltered(of('range=24h'))).toBe(true);
  expect(isMatchFiltered(of('text=x'))).toBe(true);
  expect(isMatchFiltered(of('sort=alerts'))).toBe(false);
  expect(isMatchFiltered(of(new URLSearchParams(noMatchFilter).toString()))).toBe(false);
});

it.each([
  ['', 'alerts', 'desc'],
  ['sort=alerts', 'alerts', 'asc'],
  ['sort=alerts&sort_order=asc', 'alerts', 'desc'],
  ['', 'summary', 'asc'],
  ['sort=summary&sort_order=asc', 'summary', 'desc'],
])('from %j, a click on %s sorts %s', (query, field, order) => {
  expect(withMatchSort(of(query), field)).toEqual({ sort: field, sort_order: order });
});
