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
    <MantineProvider env="test">
      <QueryName position={1} query={makeQuery({ tql: '', owners: ['א', 'B'] })} isDisabled />
    </MantineProvider>,
  );
  const shown = screen.getByText(/All Host Indicators in/);
  expect(shown.parentElement?.textContent).toBe('All Host Indicators in א, B (disabled)');
  expect([...shown.querySelectorAll('bdi')].map((each) => each.textContent)).toEqual(['א', 'B']);
  expect(screen.getByText('2')).toBeTruthy();
});

it('isolates the owners that a label is made of, commas and all', () => {
  const scope = {
    indicator_types: ['Email Subject' as const, 'Host' as const],
    owners: ['א', '3B, C'],
  };
  const label = 'All Email Subject, Host Indicators in א, 3B, C';
  render(
    <MantineProvider env="test">
      <QueryName position={0} query={{ label, label_scope: scope }} />
    </MantineProvider>,
  );
  const shown = screen.getByText(/All Email Subject, Host Indicators in/);
  expect(shown.textContent).toBe(label);
  expect([...shown.querySelectorAll('bdi')].map((each) => each.textContent)).toEqual([
    'א',
    '3B, C',
  ]);
});

it('takes a name for a name, though it reads like types and owners', () => {
  const label = 'All Host Indicators in A, B';
  render(
    <MantineProvider env="test">
      <QueryName position={0} query={{ label, label_scope: null }} />
    </MantineProvider>,
  );
  expect(screen.getByText(label).tagName).toBe('BDI');
});

it('names a few owners in a sentence and counts the others', () => {
  const owners = ['A', 'B', 'C', 'D', 'E'];
  render(
    <MantineProvider env="test">
      <p>
        <QueryName
          position={1}
          query={{ label: 'All …', label_scope: { indicator_types: ['Host'], owners } }}
          isInline
        />
      </p>
    </MantineProvider>,
  );
  expect(screen.getByRole('paragraph').textContent).toBe(
    '2 (All Host Indicators in A, B, C, and 2 more)',
  );
});
