import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor, within } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { FindingPage } from '../../api/model';
import { makeQueryClient } from '../../api/queryClient';
import {
  makeContextFinding,
  makeContextVerification,
  makeFinding,
  makeFindingPage,
  makeLogsError,
  makeSeen,
  makeVerification,
  makeVerificationRun,
} from '../../test/verification';
import { VerifyPage } from './VerifyPage';

const calls: { path: string; body: unknown }[] = [];
let page: FindingPage;
let refusal: string | null;

beforeEach(() => {
  calls.length = 0;
  refusal = null;
  vi.stubGlobal('fetch', (address: URL, init: RequestInit) => {
    const path = address.pathname.replace(/^.*\/api\//, '');
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
    calls.push({ path, body });
    if (path === 'verification/finding') return Promise.resolve(Response.json(page));
    if (path === 'configure') {
      return Promise.resolve(Response.json({ queries: [], next_update: null, open_update: null }));
    }
    if (refusal !== null) {
      const error = { title: 'Conflict', description: refusal, code: 'APP-CONFLICT' };
      return Promise.resolve(Response.json(error, { status: 409 }));
    }
    return Promise.resolve(
      Response.json({ update_id: 'u1', request_ids: ['r1'], ...page.verification }),
    );
  });
});

afterEach(() => vi.unstubAllGlobals());

async function show(shown: FindingPage): Promise<void> {
  page = shown;
  render(
    <QueryClientProvider client={makeQueryClient()}>
      <MantineProvider env="test">
        <VerifyPage />
      </MantineProvider>
    </QueryClientProvider>,
  );
  await screen.findByRole('group', { name: 'Verify' });
}

const bodiesOf = (path: string) =>
  calls.filter((call) => call.path === path).map((call) => call.body);
const complete = makeVerificationRun({
  count_confirmed: 987,
  count_recent: 3,
  findings: { missing: 8, unknown: 12 },
});
const found = makeVerification({ last: complete, complete, count_unknown: 12 });

it('says what was confirmed, what is too recent, and what was found', async () => {
  await show(makeFindingPage([makeFinding()], { verification: found }));
  const card = screen.getByRole('group', { name: 'Verify' }).textContent;
  expect(card).toContain('987 of 1,000 active objects');
  expect(card).toContain('3 objects not compared: sent less than 2 hours ago');
  expect(card).toContain('20 findings');
  const kinds = within(screen.getByRole('table', { name: 'Kinds of finding' }));
  expect(kinds.getAllByRole('button').map((button) => button.textContent)).toEqual([
    'Missing',
    'Unknown',
    'Withdraw 12 unknown objects',
  ]);
});

it('before the first run there is nothing, and nothing is claimed', async () => {
  await show(makeFindingPage([]));
  expect(screen.getByText('Not run yet')).toBeDefined();
  expect(screen.getByText('No findings yet')).toBeDefined();
  expect(screen.queryByRole('table')).toBeNull();
});

it('switched off, it says that it runs when it is asked for', async () => {
  await show(makeFindingPage([], { verification: makeVerification({ interval_hours: 0 }) }));
  expect(screen.getByText('Off')).toBeDefined();
  expect(screen.getByText(/Only when somebody asks/)).toBeDefined();
});

it('a run that failed says what to do, and the findings before it stay, with their date', async () => {
  const last = makeVerificationRun({ date_ended: '2026-03-10T16:00:00Z', error: makeLogsError() });
  await show(
    makeFindingPage([makeFinding()], {
      verification: { ...found, last },
    }),
  );
  expect(screen.getByText('Give it Microsoft Sentinel Contributor.')).toBeDefined();
  expect(screen.getByRole('link', { name: 'AZ-QUERY-403' }).getAttribute('href')).toBe(
    './help/troubleshooting.html#AZ-QUERY-403',
  );
  expect(screen.getByText('Findings of')).toBeDefined();
  expect(screen.getByRole('table', { name: 'Findings' }).textContent).toContain('bad.example');
});

it.each([
  [20, false],
  [19, true],
])('says so where not all findings are listed: %i of 20', async (listed, isSaid) => {
  await show(makeFindingPage([makeFinding()], { verification: found, total_count: listed }));
  expect(screen.queryByText(/All findings are counted/) !== null).toBe(isSaid);
});

it('rows that do not come are not missing, and the page says what may hide them', async () => {
  const silent = makeVerificationRun({ count_confirmed: 900, count_unread: 100 });
  await show(
    makeFindingPage([], { verification: makeVerification({ last: silent, complete: silent }) }),
  );
  expect(screen.getByText('100 objects cannot be read')).toBeDefined();
  expect(screen.getByText(/nothing is concluded/)).toBeDefined();
});

it('Verify everything asks for each object', async () => {
  const user = userEvent.setup();
  await show(makeFindingPage([], { verification: found }));
  await user.click(screen.getByRole('button', { name: 'Verify everything' }));
  await waitFor(() => expect(bodiesOf('verification/run')).toEqual([{ whole: true }]));
});

it('while it runs, it cannot be run again', async () => {
  const user = userEvent.setup();
  const running = { ...found, date_started: '2026-03-09T16:00:00Z' };
  await show(makeFindingPage([], { verification: running }));
  await user.click(screen.getByRole('button', { name: 'Verify now' }));
  expect(screen.getByText('Running')).toBeDefined();
  expect(bodiesOf('verification/run')).toEqual([]);
});

it('a refusal to run is said beside the buttons', async () => {
  const user = userEvent.setup();
  await show(makeFindingPage([], { verification: found }));
  refusal = 'Verify is paused.';
  await user.click(screen.getByRole('button', { name: 'Verify now' }));
  const card = within(screen.getByRole('group', { name: 'Verify' }));
  expect(await card.findByText('Verify is paused.')).toBeDefined();
});

it('all that can be sent again goes out after it was said how many that are', async () => {
  const user = userEvent.setup();
  await show(makeFindingPage([makeFinding()], { verification: found, count_sendable: 12_345 }));
  await user.click(screen.getByRole('button', { name: 'Send 10,000 again' }));
  const dialog = within(screen.getByRole('dialog', { name: 'Send 10,000 Indicators again?' }));
  expect(dialog.getByText(/first 10,000 of 12,345/)).toBeDefined();
  refusal = 'Nothing of this is to be sent again now.';
  await user.click(dialog.getByRole('button', { name: 'Send Again' }));
  expect(await dialog.findByText(refusal)).toBeDefined();
  refusal = null;
  await user.click(dialog.getByRole('button', { name: 'Send Again' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(bodiesOf('verification/send')).toEqual([{}, {}]);
});

it('one that was revoked is sent alone, and the window says under which id', async () => {
  const user = userEvent.setup();
  const revoked = makeFinding({ id: '7', kind: 'changed', seen: makeSeen({ is_revoked: true }) });
  await show(makeFindingPage([revoked], { verification: found }));
  await user.click(screen.getByRole('button', { name: 'Send again: bad.example' }));
  const dialog = within(screen.getByRole('dialog', { name: 'Send this Indicator again?' }));
  expect(dialog.getByText(/A person or a rule changed it/)).toBeDefined();
  expect(dialog.getByText(/under a new ID/)).toBeDefined();
  await user.click(dialog.getByRole('button', { name: 'Send Again' }));
  await waitFor(() => expect(bodiesOf('verification/send')).toEqual([{ finding: 7 }]));
});

it('what waits to be sent names its Job, and is not offered again', async () => {
  const waiting = makeFinding({ request_id: '3f0b8c1e-7d0a', is_requested: true });
  await show(makeFindingPage([waiting], { verification: found }));
  expect(screen.getByRole('link', { name: 'Job 3f0b8c1e-7d0a' })).toBeDefined();
  expect(screen.queryByRole('button', { name: /^Send again: / })).toBeNull();
});

it('unknown objects are withdrawn only after their exact number was typed', async () => {
  const user = userEvent.setup();
  await show(makeFindingPage([], { verification: found }));
  await user.click(screen.getByRole('button', { name: 'Withdraw 12 unknown objects' }));
  const dialog = within(screen.getByRole('dialog', { name: 'Withdraw 12 unknown objects?' }));
  expect(dialog.getByText(/still sends under the same source name/)).toBeDefined();
  const field = dialog.getByRole('textbox', { name: 'Type 12 to confirm' });
  const button = dialog.getByRole('button', { name: 'Withdraw Unknown' });
  await user.click(button);
  expect(dialog.getByText('The number is 12.')).toBeDefined();
  await user.type(field, '11');
  await user.click(button);
  expect(bodiesOf('verification/withdraw')).toEqual([]);
  await user.clear(field);
  await user.type(field, '12{Enter}');
  await waitFor(() => expect(bodiesOf('verification/withdraw')).toEqual([{ count: 12 }]));
});

it('a pattern that another style would help says so', async () => {
  const cannot = makeFinding({ kind: 'unmatchable', seen: makeSeen(), helps_pattern_style: true });
  await show(makeFindingPage([cannot], { verification: found }));
  const row = screen.getByRole('table', { name: 'Findings' }).textContent;
  expect(row).toContain('As logs write it');
});

const withContext = makeVerificationRun({
  context: makeContextVerification({
    count_confirmed: 5,
    count_recent: 1,
    count_unread: 1,
    findings: { missing: 1 },
  }),
});
const ofContext = makeVerification({ last: withContext, complete: withContext });

it('context objects have their own account, and their findings are counted with the others', async () => {
  await show(makeFindingPage([makeContextFinding()], { verification: ofContext }));
  const card = screen.getByRole('group', { name: 'Verify' }).textContent;
  expect(card).toContain('1,000 of 1,000 active objects');
  expect(card).toContain('5 of 8 objects, 1 too recent to compare, 1 cannot be read');
  expect(card).toContain('1 finding');
  const row = screen.getByRole('table', { name: 'Findings' }).textContent;
  expect(row).toContain('bad.example indicates Quiet Bear');
  expect(row).toContain('Relationship');
});

it('context that cannot be read is told apart from the Indicators', async () => {
  const run = makeVerificationRun({
    context: makeContextVerification({ count_held: 0, error: makeLogsError() }),
  });
  await show(makeFindingPage([], { verification: makeVerification({ last: run, complete: run }) }));
  expect(screen.getByText('Context objects could not be compared')).toBeDefined();
  expect(screen.queryByText(/Everything that was compared/)).toBeNull();
  expect(screen.getByText('1,000 of 1,000 active objects')).toBeDefined();
});

it('context objects are sent again by their own button, for the same filters', async () => {
  const user = userEvent.setup();
  await show(
    makeFindingPage([makeContextFinding()], { verification: ofContext, count_context_sendable: 3 }),
  );
  await user.click(screen.getByRole('button', { name: 'Send 3 context objects again' }));
  const dialog = within(screen.getByRole('dialog', { name: 'Send 3 context objects again?' }));
  refusal = 'Nothing of this is to be sent again now.';
  await user.click(dialog.getByRole('button', { name: 'Send Again' }));
  expect(await dialog.findByText(refusal)).toBeDefined();
  refusal = null;
  await user.click(dialog.getByRole('button', { name: 'Send Again' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(bodiesOf('verification/send-context')).toEqual([{}, {}]);
  expect(bodiesOf('verification/send')).toEqual([]);
});

it.each([
  ['threat-actor', true],
  ['identity', false],
])('a deleted %s is sent alone, under a new id: %s', async (type, isNew) => {
  const user = userEvent.setup();
  const seen = makeSeen({ is_deleted: true, valid_until: null, confidence: null });
  const gone = makeContextFinding({ kind: 'changed', stix_type: type, name: 'Quiet Bear', seen });
  await show(makeFindingPage([gone], { verification: ofContext }));
  await user.click(screen.getByRole('button', { name: 'Send again: Quiet Bear' }));
  const dialog = within(screen.getByRole('dialog', { name: 'Send this context object again?' }));
  expect(dialog.getByText('Deleted')).toBeDefined();
  expect(dialog.queryByText(/under a new ID/) !== null).toBe(isNew);
  await user.click(dialog.getByRole('button', { name: 'Send Again' }));
  await waitFor(() => expect(bodiesOf('verification/send-context')).toEqual([{ finding: 8 }]));
});

it('a context object that is on its way says so, and is not offered again', async () => {
  const waiting = makeContextFinding({ is_requested: true, is_sendable: false });
  await show(makeFindingPage([waiting], { verification: ofContext }));
  expect(screen.getByText('On its way')).toBeDefined();
  expect(screen.queryByRole('button', { name: /^Send again: / })).toBeNull();
});
