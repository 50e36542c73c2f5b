import { MantineProvider } from '@mantine/core';
import { render, screen, within } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { afterEach, expect, it } from 'vitest';

import { makeGroup } from '../../test/context';
import { ActorCard } from './ActorCard';
import { ActorSearch } from './ActorSearch';

afterEach(() => {
  window.location.hash = '';
});

it('shows the threat actors of a value with all of their Groups, and leads to each', () => {
  const groups = [makeGroup(), makeGroup({ id: '11', owner: 'Other' })];
  render(
    <MantineProvider env="test">
      <ActorCard
        actors={[
          { id: '3', stix_id: 'threat-actor--1', name: 'Quiet Bear', state: 'live', groups },
        ]}
      />
    </MantineProvider>,
  );
  const card = within(screen.getByRole('group', { name: '1 threat actor' }));
  expect(card.getByRole('link', { name: 'Quiet Bear' }).getAttribute('href')).toBe(
    '#/reports/context?text=Quiet+Bear&open=3',
  );
  expect(card.getByText('In Sentinel')).toBeDefined();
  const list = within(card.getByRole('list', { name: 'Groups of Quiet Bear' }));
  expect(list.getAllByRole('listitem')).toHaveLength(2);
});

it('a name leads to the Indicators of its threat actors', async () => {
  const user = userEvent.setup();
  render(
    <MantineProvider env="test">
      <ActorSearch />
    </MantineProvider>,
  );
  expect(screen.getByRole('button', { name: 'Find' })).toHaveProperty('disabled', true);
  await user.type(
    screen.getByLabelText('Or find the Indicators of a threat actor'),
    ' Bear & Co {Enter}',
  );
  expect(window.location.hash).toBe('#/reports/context?text=Bear+%26+Co');
});
