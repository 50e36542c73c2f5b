import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor, within } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { Actor, Context } from '../../api/model';
import { makeQueryClient } from '../../api/queryClient';
import { setParams } from '../../shell/router';
import {
  makeActor,
  makeActorPage,
  makeContext,
  makeGroup,
  makePage,
  makeRefused,
  makeRelated,
} from '../../test/context';
import { ContextPage } from './ContextPage';

const calls: { path: string; body: unknown }[] = [];
let state: Context;
let actors: Actor[];
let failing: string | null;

beforeEach(() => {
  calls.length = 0;
  failing = null;
  actors = [makeActor()];
  vi.stubGlobal('fetch', (address: URL, init: RequestInit) => {
    const path = address.pathname.replace(/^.*\/api\//, '');
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
    calls.push({ path, body });
    if (path === failing) {
      const error = {
        title: 'Conflict',
        description: 'It is another number.',
        code: 'APP-CONFLICT',
      };
      return Promise.resolve(Response.json(error, { status: 409 }));
    }
    if (path === 'context/actor') return Promise.resolve(Response.json(makeActorPage(actors)));
    if (path === 'context/refused') {
      return Promise.resolve(Response.json(makePage([makeRefused()])));
    }
    if (path.endsWith('/indicator')) {
      return Promise.resolve(
        Response.json(
          makePage([
            makeRelated(),
            makeRelated({ id: '43', value: 'new.example', state: 'waiting' }),
          ]),
        ),
      );
    }
    return Promise.resolve(Response.json(state));
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  setParams({ open: '', text: '', state: '', sort: '', sort_order: '' });
});

async function show(shown: Context): Promise<string> {
  state = shown;
  render(
    <QueryClientProvider client={makeQueryClient()}>
      <MantineProvider env="test">
        <ContextPage />
      </MantineProvider>
    </QueryClientProvider>,
  );
  return (await screen.findByRole('group', { name: 'Context' })).textContent;
}

const bodiesOf = (path: string) =>
  calls.filter((call) => call.path === path).map((call) => call.body);

it('what is in Sentinel, what waits and for how long is said in one card', async () => {
  const card = await show(
    makeContext({ live: [2, 14, 1_204], count_waiting: 512, count_due: 1, seconds_left: 90 }),
  );
  expect(card).toContain('2 owner identities, 14 threat actors, 1,204 relationships');
  expect(card).toContain('512 objects to send, 1 Indicator object to go through');
  expect(card).toContain('after the Indicators, in what they leave of the API limit');
  expect(card).toContain('Adversary, Intrusion Set, Threat');
  expect(card).toContain('Not yet');
});

it('off, it says what it would do, what that costs and how it is turned on, and asks for nothing', async () => {
  const card = await show(makeContext({ choice: 'None' }));
  expect(card).toContain('Context is off.');
  expect(card).toContain('at most 80 requests a minute');
  expect(card).toContain('Context Objects');
  expect(screen.queryByRole('table')).toBeNull();
  expect(new Set(calls.map(({ path }) => path))).toEqual(new Set(['context']));
});

it('turned off, what is still in Sentinel stays in sight', async () => {
  const card = await show(makeContext({ choice: 'None', live: [2, 3, 4], count_unwanted: 7 }));
  expect(card).toContain('2 owner identities, 3 threat actors, 4 relationships');
  expect(card).toContain('7 objects, after the next complete reading');
  expect(await screen.findByRole('table', { name: 'Threat actors' })).toBeDefined();
});

it('what keeps it from being sent is said with its code, and so is a pause', async () => {
  const pause = {
    ...{ task: 'context' as const, name: 'Context', since: null, by: 'jdoe', until: null },
    reason: 'Maintenance',
  };
  const error = { code: 'AZ-TOKEN', message: 'No token.', reason: 'AADSTS1' };
  const card = await show(makeContext({ count_waiting: 3, seconds_left: null, error, pause }));
  expect(card).toContain('Context paused by jdoe');
  expect(card).not.toContain('Time left');
  expect(screen.getByText(/No token\. Indicators do not depend on it/)).toBeDefined();
  expect(screen.getByRole('link', { name: 'AZ-TOKEN' })).toBeDefined();
});

it('withdrawals that are held back are allowed by typing their number', async () => {
  const user = userEvent.setup();
  await show(makeContext({ count_held_back: 1_240 }));
  await user.click(screen.getByRole('button', { name: 'Withdraw 1,240 context objects' }));
  const dialog = within(await screen.findByRole('dialog'));
  const field = dialog.getByLabelText('Type 1,240 to confirm');
  await user.type(field, '1239{Enter}');
  expect(dialog.getByText('The number is 1,240.')).toBeDefined();
  expect(bodiesOf('context/withdraw')).toEqual([]);
  await user.clear(field);
  await user.type(field, '1,240');
  await user.click(dialog.getByRole('button', { name: 'Withdraw' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(bodiesOf('context/withdraw')).toEqual([{ count: 1_240 }]);
});

it('a number that has changed meanwhile is told in the dialog', async () => {
  const user = userEvent.setup();
  failing = 'context/withdraw';
  await show(makeContext({ count_held_back: 5 }));
  await user.click(screen.getByRole('button', { name: 'Withdraw 5 context objects' }));
  const dialog = within(await screen.findByRole('dialog'));
  await user.type(dialog.getByLabelText('Type 5 to confirm'), '5{Enter}');
  expect(await dialog.findByText('It is another number.')).toBeDefined();
});

it('what Sentinel refuses is listed with its reason, and sent again', async () => {
  const user = userEvent.setup();
  await show(makeContext({ count_refused: 1 }));
  const table = within(await screen.findByRole('table', { name: 'Refused context objects' }));
  const row = await table.findByText('The target is unknown.');
  expect(row).toBeDefined();
  expect(table.getByText('Relationship')).toBeDefined();
  expect(table.getByText('bad.example')).toBeDefined();
  await user.click(screen.getByRole('button', { name: 'Send again' }));
  await waitFor(() => expect(bodiesOf('context/send')).toEqual([{}]));
});

it('different actors of one name are seen in their Groups, which lead to the web alone', async () => {
  const user = userEvent.setup();
  actors = [
    makeActor({
      groups: [
        makeGroup(),
        makeGroup({ id: '11', owner: 'Other', type: 'Threat', web_link: 'javascript:alert(1)' }),
      ],
      aliases: ['QB-1'],
      tlp: 'TLP:AMBER',
    }),
  ];
  await show(makeContext({ live: [1, 1, 12] }));
  const table = within(await screen.findByRole('table', { name: 'Threat actors' }));
  expect(await table.findByText('2 Groups')).toBeDefined();
  expect(table.getByText('Acme, Other')).toBeDefined();
  await user.click(table.getByRole('button', { name: 'Groups and Indicators of Quiet Bear' }));
  const groups = within(screen.getByRole('list', { name: 'Groups of Quiet Bear' }));
  expect(groups.getAllByRole('listitem').map((item) => item.textContent)).toEqual([
    'Quiet Bear , in ThreatConnect, in a new tab Adversary in Acme',
    'Quiet Bear Threat in Other',
  ]);
  expect(groups.getAllByRole('link').map((link) => link.getAttribute('href'))).toEqual([
    'https://tc.example.test/groups/10',
  ]);
  expect(screen.getByText(/cannot be told apart/)).toBeDefined();
  const related = within(await screen.findByRole('table', { name: 'Indicators of Quiet Bear' }));
  expect(await related.findByText('new.example')).toBeDefined();
  expect(related.getByText('Waiting')).toBeDefined();
  expect(calls.at(-1)?.path).toBe('context/actor/3/indicator');
});

it('actors are looked for by part of a name, and sorted by a heading', async () => {
  const user = userEvent.setup();
  setParams({ text: 'bear' });
  await show(makeContext({ live: [1, 1, 1] }));
  await screen.findByText('Quiet Bear');
  expect(bodiesOf('context/actor').at(-1)).toMatchObject({ text: 'bear', sort: 'name' });
  await user.click(screen.getByRole('button', { name: /^Objects/ }));
  await waitFor(() =>
    expect(bodiesOf('context/actor').at(-1)).toMatchObject({
      ...{ sort: 'objects', sort_order: 'desc', text: 'bear' },
    }),
  );
});

it('a name of any length is whole in its title', async () => {
  const name = 'x'.repeat(500);
  actors = [makeActor({ name })];
  await show(makeContext({ live: [1, 1, 1] }));
  expect((await screen.findByTitle(name)).textContent).toBe(name);
});

it.each([
  [
    makeContext(),
    '',
    'They follow once Indicators with Groups of the chosen types have been sent.',
  ],
  [
    makeContext({ choice: 'Owner identities' }),
    '',
    'Context Objects does not include threat actors.',
  ],
  [makeContext(), 'bear', 'No threat actor passes these filters.'],
])('an empty list says why (%#)', async (shown, text, words) => {
  actors = [];
  setParams({ text });
  await show(shown);
  expect(await screen.findByText(words)).toBeDefined();
});

it('a list that cannot be read says so and is tried again', async () => {
  failing = 'context/actor';
  await show(makeContext());
  expect(await screen.findByText('It is another number.')).toBeDefined();
  failing = null;
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByText('Quiet Bear')).toBeDefined();
});

it('nothing is claimed while nothing is known, and a failure is told', async () => {
  failing = 'context';
  state = makeContext();
  render(
    <QueryClientProvider client={makeQueryClient()}>
      <MantineProvider env="test">
        <ContextPage />
      </MantineProvider>
    </QueryClientProvider>,
  );
  expect(screen.getByRole('status', { name: 'Loading the context' })).toBeDefined();
  expect(await screen.findByText('It is another number.')).toBeDefined();
  expect(screen.queryByRole('group', { name: 'Context' })).toBeNull();
});
