import { expect, test } from 'vitest';

import { historyWords } from './history';

test.each([
  [20_363, 2, 3, false, '20,363 sent, 2 refused, 3 Jobs completed'],
  [2_462, 0, 0, true, '2,462 sent so far'],
  [0, 4, 0, true, '0 sent so far, 4 refused'],
  [8, 0, 1, true, '8 sent so far, 0 refused, 1 Job completed'],
  [0, 0, 0, true, 'No activity in this period'],
])('%i sent, %i refused and %i Jobs', (sent, refused, jobs, isRunning, words) => {
  expect(historyWords(sent, refused, jobs, isRunning)).toBe(words);
});
