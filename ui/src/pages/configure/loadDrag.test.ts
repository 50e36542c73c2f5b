import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { loadDrag, type Drag } from './loadDrag';

const drag = {} as Drag;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('what dragging takes is had where its file comes in time', async () => {
  await expect(loadDrag(() => Promise.resolve(drag))).resolves.toBe(drag);
  expect(vi.getTimerCount()).toBe(0);
});

test('without its file there is no dragging, and no error', async () => {
  await expect(loadDrag(() => Promise.reject(new Error('gone')))).resolves.toBeNull();
  expect(vi.getTimerCount()).toBe(0);
});

test('a file that does not come is not waited for', async () => {
  const answer = loadDrag(() => new Promise(() => undefined));
  await vi.advanceTimersByTimeAsync(1_500);
  await expect(answer).resolves.toBeNull();
});
