import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { render, screen, within } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { afterEach, expect, it, vi } from 'vitest';

import type { ObjectHistory } from '../../api/model';
import { makeQueryClient } from '../../api/queryClient';
import { makeLogsError } from '../../test/verification';
import { AskSentinel } from './AskSentinel';

afterEach(() => vi.unstubAllGlobals());

async function ask(history: ObjectHistory): Promise<unknown[]> {
  const bodies: unknown[] = [];
  vi.stubGlobal('fetch', (_address: URL, init: RequestInit) => {
    bodies.push(JSON.parse(init.body as string));
    return Promise.resolve(Response.json(history));
  });
  render(
    <QueryClientProvider client={makeQueryClient()}>
      <MantineProvider env="test">
        <AskSentinel stixId="indicator--1" of="bad.example" />
      </MantineProvider>
    </QueryClientProvider>,
  );
  expect(bodies).toEqual([]);
  await userEvent.click(screen.getByRole('button', { name: 'Ask Sentinel: bad.example' }));
  return bodies;
}

const row = {
  date_generated: '2026-03-09T16:00:00Z',
  method: 'UserInterface',
  date_modified: '2026-03-09T15:59:00Z',
  valid_until: null,
  confidence: null,
  is_active: false,
  is_revoked: true,
  is_deleted: false,
  is_parsed: false,
};

it('asks only when somebody wants it, and shows each row', async () => {
  const bodies = await ask({ rows: [row], error: null });
  const table = within(
    await screen.findByRole('table', { name: 'Rows in Sentinel of bad.example' }),
  );
  const cells = table.getAllByRole('cell').map((cell) => cell.textContent);
  expect(cells.slice(1, 3)).toEqual(['A person', 'Revoked']);
  expect(cells.slice(4)).toEqual(['No end', 'None', 'Cannot match']);
  expect(bodies).toEqual([{ stix_id: 'indicator--1' }]);
});

it('no row need not mean that there is none', async () => {
  await ask({ rows: [], error: null });
  expect(await screen.findByText('No row in the last 30 days')).toBeDefined();
  expect(screen.getByText(/may not see it/)).toBeDefined();
});

it('why Sentinel could not be asked comes with what to do', async () => {
  await ask({ rows: [], error: makeLogsError() });
  expect(await screen.findByText('Give it Microsoft Sentinel Contributor.')).toBeDefined();
});
