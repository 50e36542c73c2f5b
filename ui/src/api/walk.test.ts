// @vitest-environment jsdom
import { afterEach, expect, test, vi } from 'vitest';

import { getAll, postAll } from './walk';

afterEach(() => vi.unstubAllGlobals());

interface Row {
  id: string;
}

function serve(...pages: { ids: string[]; total: number }[]): string[] {
  const asked: string[] = [];
  vi.stubGlobal(
    'fetch',
    vi.fn((address: URL) => {
      asked.push(address.search);
      const page = pages[asked.length - 1] ?? { ids: [], total: 0 };
      const data = page.ids.map((id) => ({ id }));
      return Promise.resolve(Response.json({ data, total_count: page.total }));
    }),
  );
  return asked;
}

function walk(hold?: (first: Row) => Record<string, string>) {
  const told: [number, number][] = [];
  const found = getAll<Row>(
    'thing',
    { code: 'A' },
    { signal: new AbortController().signal, onProgress: (...words) => told.push(words) },
    { limit: 2, keyOf: (row) => row.id, ...(hold === undefined ? {} : { hold }) },
  );
  return { found, told };
}

test('pages are put together, and how far it is is told', async () => {
  const asked = serve({ ids: ['a', 'b'], total: 3 }, { ids: ['c'], total: 3 });
  const { found, told } = walk();
  expect((await found).map((row) => row.id)).toEqual(['a', 'b', 'c']);
  expect(asked).toEqual(['?code=A&limit=2&offset=0', '?code=A&limit=2&offset=2']);
  expect(told).toEqual([
    [2, 3],
    [3, 3],
  ]);
});

test('a page that ended early is gone on from where it ended', async () => {
  const asked = serve({ ids: ['a'], total: 2 }, { ids: ['b'], total: 2 });
  expect(await walk().found).toHaveLength(2);
  expect(asked[1]).toContain('offset=1');
});

test('what a moving list gives twice is kept once', async () => {
  serve({ ids: ['a', 'b'], total: 4 }, { ids: ['b', 'c'], total: 4 });
  expect((await walk().found).map((row) => row.id)).toEqual(['a', 'b', 'c']);
});

test('further pages are held to the state of the first', async () => {
  const asked = serve({ ids: ['a', 'b'], total: 3 }, { ids: ['c'], total: 3 });
  await walk((first) => ({ until: first.id })).found;
  expect(asked).toEqual(['?code=A&limit=2&offset=0', '?code=A&until=a&limit=2&offset=2']);
});

test('a list that lost its last rows meanwhile ends all the same', async () => {
  serve({ ids: ['a', 'b'], total: 4 }, { ids: [], total: 2 });
  expect(await walk().found).toHaveLength(2);
});

test('a list with filters in a body is asked for by a body', async () => {
  const bodies: unknown[] = [];
  vi.stubGlobal('fetch', (address: URL, init: RequestInit) => {
    bodies.push([address.search, JSON.parse(init.body as string)]);
    const data = [{ id: String(bodies.length) }];
    return Promise.resolve(Response.json({ data, total_count: 2 }));
  });
  const found = await postAll<Row>(
    'thing',
    { owner: 'A & B' },
    { signal: new AbortController().signal, onProgress: () => undefined },
    { limit: 1, keyOf: (row) => row.id },
  );
  expect(found.map((row) => row.id)).toEqual(['1', '2']);
  expect(bodies).toEqual([
    ['', { owner: 'A & B', limit: 1, offset: 0 }],
    ['', { owner: 'A & B', limit: 1, offset: 1 }],
  ]);
});
