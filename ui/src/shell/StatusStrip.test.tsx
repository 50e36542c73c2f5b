import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import type { Condition } from '../api/model';
import { StatusStrip } from './StatusStrip';

const failed: Condition = {
  code: 'job-failed',
  severity: 'error',
  title: 'The last Job of query 1 failed (AZ-403)',
  detail: '',
  remedy: '',
  reason: '',
  since: null,
  link: { screen: 'jobs', params: {} },
};

it.each([
  ['dashboard', ['View in JOBS', 'Cause and remedy']],
  ['jobs', ['Cause and remedy']],
])('on %s, a problem leads to where it is solved, and to its remedy', (path, words) => {
  render(
    <MantineProvider env="test">
      <StatusStrip report={{ status: 'degraded', conditions: [failed] }} path={path} />
    </MantineProvider>,
  );
  expect(screen.getAllByRole('link').map((link) => link.textContent)).toEqual(words);
  const remedy = screen.getByRole('link', { name: 'Cause and remedy: job-failed (in a new tab)' });
  expect(remedy.getAttribute('href')).toBe('./help/troubleshooting.html#job-failed');
});
