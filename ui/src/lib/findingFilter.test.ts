import { expect, it } from 'vitest';

import { findingBodyOf } from '../api/verification';
import { findingFilterOf, isFindingFiltered, noFindingFilter } from './findingFilter';

const of = (query: string) => findingFilterOf(new URLSearchParams(query));

it('what is not understood counts as not chosen', () => {
  expect(of('kind=lost&object_type=malware&indicator_type=x&query_id=<b>')).toEqual({
    kind: '',
    objectType: '',
    indicatorType: '',
    owner: '',
    queryId: 'b',
    text: '',
  });
});

it('the body has what is chosen alone, in free text', () => {
  expect(findingBodyOf(of(''))).toEqual({});
  const query =
    'kind=missing&object_type=relationship&indicator_type=email-address&owner=A%26B+%2B&query_id=q1&text=a+b';
  expect(findingBodyOf(of(query))).toEqual({
    kind: 'missing',
    object_type: 'relationship',
    indicator_type: 'email-address',
    owner: 'A&B +',
    query_id: 'q1',
    text: 'a b',
  });
});

it('clearing leaves nothing chosen', () => {
  expect(isFindingFiltered(of('owner=A'))).toBe(true);
  expect(isFindingFiltered(of(new URLSearchParams(noFindingFilter).toString()))).toBe(false);
});
