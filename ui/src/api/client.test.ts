// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { ApiError, get, put } from './client';

const fetched = vi.fn<typeof fetch>();

beforeEach(() => {
  fetched.mockReset();
  vi.stubGlobal('fetch', fetched);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

function answer(status: number, body: string): void {
  fetched.mockResolvedValue(new Response(body, { status }));
}

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

function calledUrl(): string {
  return (fetched.mock.calls[0]?.[0] as URL).href;
}

test('addresses are relative to the page, without its hash', async () => {
  window.history.replaceState(null, '', '/any/prefix/#/jobs?status=failed');
  answer(200, '{}');
  await get('job/request', { status: ['failed', 'pending'], mode: '', limit: 20, open: null });
  expect(calledUrl()).toBe(
    `${window.location.origin}/any/prefix/api/job/request?status=failed&status=pending&limit=20`,
  );
  window.history.replaceState(null, '', '/');
});

test('free text never goes into an address', () => {
  expect(() => get('job/request', { request_id: 'a&b' })).toThrow('Not allowed');
  expect(fetched).not.toHaveBeenCalled();
});

test('a write is JSON', async () => {
  answer(200, '{"version": 2}');
  await expect(put('configure', { version: 1 })).resolves.toEqual({ version: 2 });
  const init = fetched.mock.calls[0]?.[1];
  expect(init?.method).toBe('PUT');
  expect(new Headers(init?.headers).get('content-type')).toBe('application/json');
  expect(init?.body).toBe('{"version":1}');
});

test('a refusal brings its reason, its code and its fields', async () => {
  answer(
    422,
    '{"title":"Bad","description":"Why","code":"APP-X","errors":[{"field":"a","message":"m"}]}',
  );
  const error = await failure(get('configure'));
  expect(error).toMatchObject({ title: 'Bad', description: 'Why', code: 'APP-X', status: 422 });
  expect(error.fields).toEqual([{ field: 'a', message: 'm' }]);
  expect(error.isPassing).toBe(false);
});

test('no connection is told as such and may pass', async () => {
  fetched.mockRejectedValue(new TypeError('Failed to fetch'));
  const error = await failure(get('configure'));
  expect(error).toMatchObject({ code: 'PAGE-OFFLINE', status: 0 });
  expect(error.isPassing).toBe(true);
});

test.each([
  [200, 'session may have ended'],
  [401, 'session may have ended'],
  [502, 'not running'],
])('a page of the platform with status %d is not taken for an answer', async (status, words) => {
  answer(status, '<html>Sign in</html>');
  const error = await failure(get('configure'));
  expect(error.title).toContain(words);
  expect(error.code).toBe(`PAGE-${status}`);
});

test('a call that the page gave up is no failure to show', async () => {
  const given = new AbortController();
  fetched.mockImplementation(() => {
    given.abort();
    return Promise.reject(new DOMException('aborted', 'AbortError'));
  });
  await expect(get('configure', {}, given.signal)).rejects.not.toBeInstanceOf(ApiError);
});
