import { expect, test } from 'vitest';

import type { ReportedError } from '../api/model';
import { refusedOf, triesWords } from './errorState';

function words(about: ReportedError['about'], open: number, again: number, left: number | null) {
  return triesWords({ about, count_open: open, count_tried_again: again, tries_left: left });
}

test('a refused object says how often it is tried again', () => {
  expect(words('object', 13, 13, 2)).toBe('Tried again automatically, 2 tries left');
  expect(words('object', 1, 1, 1)).toBe('Tried again automatically, 1 try left');
  expect(words('object', 13, 12, 3)).toBe('12 of 13 tried again automatically, 3 tries left');
  expect(words('withdrawal', 1, 1, 3)).toBe('Tried again automatically, 3 tries left');
});

test('what is not tried again says what it takes', () => {
  expect(words('object', 2, 0, 0)).toMatch(/changes in ThreatConnect or is sent by hand$/);
  expect(words('withdrawal', 2, 0, 0)).toMatch(/withdrawn by hand$/);
  expect(words('indicator', 2, 0, null)).toMatch(/until it changes in ThreatConnect$/);
});

test('the error of a whole Job leaves it to the next update, if that is about the same', () => {
  expect(words('job', 1, 1, null)).toBe('Tried again by the next update');
  expect(words('job', 1, 0, null)).toBe('Tried again only by Retry in JOBS');
});

test('what was refused for several reasons counts together, and nothing else with it', () => {
  const line = (about: ReportedError['about'], open: number, again: number, left: number) => ({
    about,
    count_open: open,
    count_tried_again: again,
    tries_left: left,
  });
  const lines = [line('object', 5, 5, 2), line('indicator', 7, 0, 0), line('object', 1, 0, 0)];
  expect(refusedOf(lines)).toEqual(line('object', 6, 5, 2));
  expect(refusedOf([])).toEqual(line('object', 0, 0, 0));
});
