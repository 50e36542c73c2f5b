import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { queryLabel, scopeOfLabel } from '../lib/queryName';
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

it('isolates the owners of a label, which the API gives as one text', () => {
  render(
    <MantineProvider>
      <QueryName position={0} query={{ label: 'All Email Subject, Host Indicators in א, 3B, C' }} />
    </MantineProvider>,
  );
  const shown = screen.getByText(/All Email Subject, Host Indicators in/);
  expect(shown.textContent).toBe('All Email Subject, Host Indicators in א, 3B, C');
  expect([...shown.querySelectorAll('bdi')].map((each) => each.textContent)).toEqual([
    'א',
    '3B',
    'C',
  ]);
  expect(scopeOfLabel('All Indicators in א')).toEqual({
    words: 'All Indicators in',
    owners: ['א'],
  });
  expect(scopeOfLabel('summary in ("a, b")')).toBeNull();
});
