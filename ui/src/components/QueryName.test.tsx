import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { queryLabel } from '../lib/queryName';
import { makeQuery } from '../test/factories';
import { QueryName } from './QueryName';

it('is the name of a query, else its TQL in one line, else what it asks for', () => {
  const tql = 'rating >= 3\n  and tag = "x"';
  expect(queryLabel(makeQuery({ name: 'Phishing', tql }))).toBe('Phishing');
  expect(queryLabel(makeQuery({ tql }))).toBe('rating >= 3 and tag = "x"');
  expect(queryLabel(makeQuery({ tql: ' ', indicator_types: ['EmailAddress', 'Host'] }))).toBe(
    'All Email Address, Host Indicators in Acme',
  );
  expect(queryLabel(makeQuery({ tql: 'a'.repeat(90) }))).toHaveLength(80);
});

it('isolates each owner, and says that a query is disabled', () => {
  render(
    <MantineProvider>
      <QueryName position={1} query={makeQuery({ tql: '', owners: ['א', 'B'] })} isDisabled />
    </MantineProvider>,
  );
  const shown = screen.getByText(/All Host Indicators in/);
  expect(shown.parentElement?.textContent).toBe('All Host Indicators in א, B (disabled)');
  expect([...shown.querySelectorAll('bdi')].map((each) => each.textContent)).toEqual(['א', 'B']);
  expect(screen.getByText('2')).toBeTruthy();
});
