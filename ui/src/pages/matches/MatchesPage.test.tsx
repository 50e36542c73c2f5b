import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor, within } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { MatchedIndicatorPage } from '../../api/model';
import { makeQueryClient } from '../../api/queryClient';
import { setParams } from '../../shell/router';
import {
  makeMatchedAlert,
  makeMatchedIndicator,
  makeMatchPage,
  makeMatchRun,
} from '../../test/matches';
import { makeLogsError } from '../../test/verification';
import { MatchesPage } from './MatchesPage';

const ended = {
  date_began: '2026-03-09T16:00:00Z',
  date_ended: '2026-03-09T16:00:05Z',
  date_completed: '2026-03-09T16:00:05Z',
  outcome: 'complete',
} as const;
const done = makeMatchRun({ ...ended, date_seen: ended.date_ended, count_alerts: 7, count_new: 2 });
const asked: { path: string; search: string; body: unknown }[] = [];
let page: MatchedIndicatorPage;

beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal('fetch', (address: URL, init: RequestInit) => {
    const path = address.pathname.replace(/^.*\/api\//, '');
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
    asked.push({ path, search: address.search, body });
    if (path === 'match') return Promise.resolve(Response.json(page));
    if (path === 'configure') {
      return Promise.resolve(Response.json({ queries: [], next_update: null, open_update: null }));
    }
    const data = [makeMatchedAlert(), makeMatchedAlert({ id: 'a2', link: 'javascript:alert(1)' })];
    const whole = { count: 2, data, next: null, previous: null, total_count: 2 };
    return Promise.resolve(Response.json(whole));
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  setParams({ open: '', kind: '', sort: '', sort_order: '' });
});

async function show(shown: MatchedIndicatorPage): Promise<void> {
  page = shown;
  render(
    <QueryClientProvider client={makeQueryClient()}>
      <MantineProvider env="test">
        <MatchesPage />
      </MantineProvider>
    </QueryClientProvider>,
  );
  await screen.findByRole('group', { name: 'Match' });
}

it('an exact match is one, a value is only seen', async () => {
  const seen = makeMatchedIndicator({ id: '43', summary: 'seen.example', kind: 'value' });
  await show(makeMatchPage([makeMatchedIndicator(), seen], { run: done }));
  const rows = within(screen.getByRole('table', { name: 'Matches' }))
    .getAllByRole('row')
    .slice(1);
  expect(rows.map((row) => row.textContent.includes('Matched'))).toEqual([true, false]);
  expect(rows[1]?.textContent).toContain('Seen in an alert');
  expect(screen.getByRole('group', { name: 'Match' }).textContent).toContain(
    '7 alerts read, 2 new matches',
  );
});

it('the alerts of an Indicator open below it, and lead to the web alone', async () => {
  const user = userEvent.setup();
  await show(makeMatchPage([makeMatchedIndicator()], { run: done }));
  await user.click(screen.getByRole('button', { name: 'Alerts of bad.example' }));
  const alerts = within(await screen.findByRole('table', { name: 'Alerts of bad.example' }));
  const links = await alerts.findAllByRole('link');
  expect(links.map((link) => link.getAttribute('href'))).toEqual([
    'https://security.microsoft.com/alerts/a1',
  ]);
  expect(alerts.getAllByText('Azure Sentinel')).toHaveLength(2);
});

it('a heading sorts, and the filter of the address holds for the alerts too', async () => {
  const user = userEvent.setup();
  setParams({ kind: 'exact', open: '42' });
  await show(makeMatchPage([makeMatchedIndicator()], { run: done }));
  await screen.findByRole('table', { name: 'Alerts of bad.example' });
  const ofAlerts = asked.find(({ path }) => path === 'match/42/alert');
  expect(ofAlerts?.search).toContain('kind=exact');
  await user.click(screen.getByRole('button', { name: /^Severity/ }));
  await waitFor(() =>
    expect(asked.at(-1)?.body).toMatchObject({ sort: 'severity', kind: 'exact' }),
  );
});

it.each([
  [makeMatchRun(), 'Match has not completed a run yet.'],
  [makeMatchRun({ interval_hours: 0 }), 'Match does not run by itself. Run it in TASKS.'],
  [done, 'No alert that was read is about an Indicator that was sent.'],
  [makeMatchRun({ ...ended, outcome: 'no-table' }), 'This workspace has no alerts yet'],
  [makeMatchRun(ended), 'No alert was seen so far'],
])('an empty list says why (%#)', async (run, words) => {
  await show(makeMatchPage([], { run }));
  expect(screen.getByText(words)).toBeDefined();
});

it('a run that failed says what to do', async () => {
  const run = makeMatchRun({ ...ended, outcome: 'failed', error: makeLogsError() });
  await show(makeMatchPage([], { run }));
  expect(screen.getByText('Give it Microsoft Sentinel Contributor.')).toBeDefined();
  expect(screen.getByRole('link', { name: 'AZ-QUERY-403' })).toBeDefined();
});
