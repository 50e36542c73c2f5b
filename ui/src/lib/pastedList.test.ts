import { beforeEach, expect, it, vi } from 'vitest';

import { keepList, keptList } from './pastedList';

const stored = new Map<string, string>();

beforeEach(() => {
  stored.clear();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, text: string) => stored.set(key, text),
  });
});

it('keeps the latest list under its name alone', () => {
  const id = keepList('a\nb');
  expect(keptList(id)).toBe('a\nb');
  expect(keptList(`${id}0`)).toBeNull();
});

it('finds a list after the page was loaded again', () => {
  const id = keepList('a\nb');
  vi.resetModules();
  return import('./pastedList').then((again) => expect(again.keptList(id)).toBe('a\nb'));
});

it.each(['{', '[]', 'null', '{"id":"x"}', '{"id":"x","text":1}'])(
  'takes nothing that it did not keep: %s',
  (text) => {
    stored.set('ms-sentinel-lookup', text);
    expect(keptList('x')).toBeNull();
  },
);

it('keeps a list although the browser stores nothing', () => {
  vi.stubGlobal('sessionStorage', {
    getItem: () => {
      throw new Error('No storage.');
    },
    setItem: () => {
      throw new Error('No room.');
    },
  });
  expect(keptList(keepList('a'))).toBe('a');
  expect(keptList('other')).toBeNull();
});
