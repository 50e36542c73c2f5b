import { expect, test } from 'vitest';

import { makeQuery } from '../test/factories';
import { draftOf } from './draft';
import { keepDraft, keyOfDraft, readDraft, type KeptDraft } from './keptDraft';

const KEY = keyOfDraft('https://tc.example/api/services/one/#/configure');

function makeStorage() {
  const texts = new Map<string, string>();
  return {
    getItem: (key: string) => texts.get(key) ?? null,
    setItem: (key: string, text: string) => void texts.set(key, text),
    removeItem: (key: string) => void texts.delete(key),
  };
}

const base = [makeQuery()];
const draft: KeptDraft = {
  at: '2026-03-09T16:00:00Z',
  version: 4,
  base,
  rows: draftOf(4, base).rows,
};

test('a kept draft comes back as it was, until it is forgotten', () => {
  const storage = makeStorage();
  expect(readDraft(storage, KEY)).toBeNull();
  keepDraft(storage, KEY, draft);
  expect(readDraft(storage, KEY)).toMatchObject(draft);
  keepDraft(storage, KEY, null);
  expect(readDraft(storage, KEY)).toBeNull();
});

test('each Service has its own, whatever screen is open', () => {
  expect(keyOfDraft('https://tc.example/api/services/one/#/jobs')).toBe(KEY);
  expect(keyOfDraft('https://tc.example/api/services/two/')).not.toBe(KEY);
});

test.each(['no JSON', '{"rows": []}', '[]', 'null', '{"format": 0}'])(
  'what cannot be read is no draft: %s',
  (text) => {
    const storage = makeStorage();
    storage.setItem(KEY, text);
    expect(readDraft(storage, KEY)).toBeNull();
  },
);

test('without storage nothing fails', () => {
  const refuse = () => {
    throw new Error('forbidden');
  };
  const storage = { getItem: refuse, setItem: refuse, removeItem: refuse };
  keepDraft(storage, KEY, draft);
  expect(readDraft(storage, KEY)).toBeNull();
});
