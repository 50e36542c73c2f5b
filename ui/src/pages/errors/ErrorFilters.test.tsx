import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { errorFilterOf } from '../../lib/errorFilter';
import { makeQuery } from '../../test/factories';
import { ErrorFilters } from './ErrorFilters';

const fetched = vi.fn<typeof fetch>();

beforeEach(() => {
  fetched.mockReset();
  vi.stubGlobal('fetch', fetched);
});

afterEach(() => vi.unstubAllGlobals());

function show(queryId: string): HTMLInputElement {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MantineProvider env="test">
        <ErrorFilters filter={errorFilterOf(new URLSearchParams({ query_id: queryId }))} />
      </MantineProvider>
    </QueryClientProvider>,
  );
  return screen.getByRole<HTMLInputElement>('combobox', { name: 'Query' });
}

test.each([
  ['q1', '1. Phishing'],
  ['gone', 'Deleted query'],
])('the query %s is named once the list is there', async (queryId, name) => {
  const queries = [makeQuery({ id: 'q1', name: 'Phishing' })];
  fetched.mockResolvedValue(Response.json({ queries, next_update: null, open_update: null }));
  const field = show(queryId);
  expect(field.value).toBe('');
  await waitFor(() => expect(field.value).toBe(name));
});
