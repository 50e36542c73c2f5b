import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { makeTask } from '../test/factories';
import { AskedWait } from './AskedWait';

const wait = { until: '2026-03-09T17:00:00Z', reason: 'Too many requests; try again later.' };
const fetched = vi.fn<typeof fetch>();

beforeEach(() => {
  fetched.mockReset();
  vi.stubGlobal('fetch', fetched);
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MantineProvider env="test">
        <AskedWait wait={wait} of="abc-1" />
      </MantineProvider>
    </QueryClientProvider>,
  );
});

afterEach(() => vi.unstubAllGlobals());

const open = async () => {
  await userEvent.click(screen.getByRole('button', { name: 'Send now: abc-1' }));
  return screen.findByRole('dialog', { name: 'Send now?' });
};

test('the end of the wait is shown, and nothing is sent before it is confirmed', async () => {
  expect(screen.getByText(/Sentinel asked to wait until/)).toBeDefined();
  const dialog = await open();
  expect(within(dialog).getByText(wait.reason)).toBeDefined();
  await userEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(fetched).not.toHaveBeenCalled();
});

test('a confirmed wish ends the wait', async () => {
  fetched.mockResolvedValue(Response.json(makeTask({ slug: 'upload' })));
  const dialog = await open();
  await userEvent.click(within(dialog).getByRole('button', { name: 'Send now' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  const [address, options] = fetched.mock.calls[0] ?? [];
  expect((address as URL).href).toMatch(/api\/task\/upload\/send-now$/);
  expect(options?.method).toBe('POST');
});

test('a refusal is said in the window, which stays', async () => {
  const description = 'The Task Upload does not wait, so there is no wait to end.';
  const error = { title: 'Conflict', description, code: 'APP-CONFLICT' };
  fetched.mockResolvedValue(Response.json(error, { status: 409 }));
  const dialog = await open();
  await userEvent.click(within(dialog).getByRole('button', { name: 'Send now' }));
  expect(await within(dialog).findByText(description)).toBeDefined();
});
