import { expect, it } from 'vitest';

import { makeContext } from '../test/context';
import { actorFilterOf, isActorFiltered, withActorSort } from './actorFilter';
import { isContextOn, jobContextWords, leftWords, liveWords, waitingWords } from './context';

it.each([
  [makeContext(), '0 owner identities, 0 threat actors, 0 relationships'],
  [makeContext({ choice: 'Owner identities', live: [1, 0, 0] }), '1 owner identity'],
  [
    makeContext({ choice: 'None', live: [1, 1, 1] }),
    '1 owner identity, 1 threat actor, 1 relationship',
  ],
])('what is in Sentinel is named by kind (%#)', (context, words) => {
  expect(liveWords(context)).toBe(words);
});

it('it is on with any other choice than None', () => {
  expect([makeContext(), makeContext({ choice: 'None' })].map(isContextOn)).toEqual([true, false]);
});

it.each([
  [{}, ''],
  [{ count_waiting: 1 }, '1 object to send'],
  [{ count_due: 2_000 }, '2,000 Indicator objects to go through'],
])('what waits is counted (%#)', (changes, words) => {
  expect(waitingWords(makeContext(changes))).toBe(words);
});

it('the time left is what the Indicators leave, or not known', () => {
  expect(leftWords(makeContext({ seconds_left: null }))).toBeNull();
  expect(leftWords(makeContext({ seconds_left: 0.2 }))).toBe(
    'About 1 s, after the Indicators, in what they leave of the API limit',
  );
});

it('what a Job has called for is told without what there is none of', () => {
  const none = { waiting: 0, sent: 0, withdrawn: 0, refused: 0, left_out: 0 };
  expect(jobContextWords(none)).toBe('0 sent');
  expect(jobContextWords({ waiting: 3, sent: 1_200, withdrawn: 2, refused: 1, left_out: 1 })).toBe(
    '1,200 sent, 2 withdrawn, 3 waiting, 1 refused, 1 relationship left out',
  );
});

it('filters come from the address; what is not understood counts as not chosen', () => {
  const filter = actorFilterOf(new URLSearchParams('state=bad&text=bear&sort=color&sort_order=x'));
  expect(filter).toEqual({ state: '', text: 'bear', sort: 'name', sortOrder: 'asc' });
  expect(isActorFiltered(filter)).toBe(true);
  const other = actorFilterOf(new URLSearchParams('state=refused&sort=objects'));
  expect(other).toEqual({ state: 'refused', text: '', sort: 'objects', sortOrder: 'desc' });
  expect(isActorFiltered({ ...other, state: '' })).toBe(false);
});

it('a second click on a heading turns the order round', () => {
  const filter = actorFilterOf(new URLSearchParams());
  expect(withActorSort(filter, 'name')).toEqual({ sort: 'name', sort_order: 'desc' });
  expect(withActorSort(filter, 'objects')).toEqual({ sort: 'objects', sort_order: 'desc' });
});
