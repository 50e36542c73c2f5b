import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { makeQueryClient } from '../../api/queryClient';
import { makeSent } from '../../test/findings';
import { SentCard } from './SentCard';

function show(changes: Parameters<typeof makeSent>[0] = {}) {
  render(
    <QueryClientProvider client={makeQueryClient()}>
      <MantineProvider env="test">
        <SentCard
          sent={makeSent(changes)}
          queries={[
            { query_id: 'q1', position: 0, label: 'Phishing', label_scope: null, is_enabled: true },
          ]}
        />
      </MantineProvider>
    </QueryClientProvider>,
  );
}

it('shows where an object came from, what it says, and how to find it', () => {
  show({ type: 'File', hash_kind: 'MD5', generation: 2 });
  expect(screen.getByRole('heading', { name: 'Sent: File, MD5 hash' })).toBeTruthy();
  expect(screen.getByText('In Sentinel')).toBeTruthy();
  expect(screen.getByText('Phishing')).toBeTruthy();
  expect(screen.getByText('2 times after a withdrawal')).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Copy KQL query' })).toBeTruthy();
  const portal = screen.getByRole('link', { name: /^Open in Microsoft Sentinel/ });
  expect(portal.getAttribute('href')).toMatch(/^https:\/\/security\.microsoft\.com\//);
  const link = screen.getByRole('link', { name: '3f0b8c1e-7d0a-4a57-9a55-0d9d6c1b2a10' });
  expect(link.getAttribute('href')).toBe('#/jobs?open=3f0b8c1e-7d0a-4a57-9a55-0d9d6c1b2a10');
});

it('says so where the query is gone and the object no longer counts', () => {
  show({ state: 'withdrawn', position: null, generation: 0 });
  expect(screen.getByText('Withdrawn')).toBeTruthy();
  expect(screen.getByText('A deleted query')).toBeTruthy();
  expect(screen.queryByText('Sent again')).toBeNull();
});

it('leads nowhere but to the web, whatever ThreatConnect said', () => {
  show({
    web_link: 'javascript:alert(1)',
    portal_link: 'javascript:alert(2)',
    summary: '<b>bad</b>',
  });
  expect(screen.getByText('<b>bad</b>')).toBeTruthy();
  expect(screen.queryByRole('link', { name: /new tab/ })).toBeNull();
});
