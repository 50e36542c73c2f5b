import { MantineProvider } from '@mantine/core';
import { cleanup, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';

import type { Job } from '../../api/model';
import { makeJob } from '../../test/factories';
import { JobStatusCell } from './JobStatusCell';

const onAction = vi.fn();

function show(changes: Partial<Job>) {
  render(
    <MantineProvider env="test">
      <JobStatusCell job={makeJob(changes)} onAction={onAction} />
    </MantineProvider>,
  );
}

test('a Job with refusals leads to its errors', () => {
  show({ status: 'Upload Complete', count_refused: 1200, count_invalid: 3, request_id: 'abc-1' });
  const link = screen.getByRole('link', { name: '1,200 refused, 3 invalid' });
  expect(link.getAttribute('href')).toBe('#/reports/errors?request_id=abc-1');
});

test('a clean Job has no flag and no bars', () => {
  show({ status: 'Upload Complete', count_read: 5, count_sent: 5 });
  expect(screen.getByText('Upload Complete')).toBeDefined();
  expect(screen.queryByRole('link')).toBeNull();
  expect(screen.queryByRole('progressbar')).toBeNull();
});

test('a running Job has three bars that say how far it is', () => {
  show({ status: 'Download In Progress', count_read: 2500, count_expected: 10_000 });
  const bars = screen.getAllByRole('progressbar');
  expect(bars.map((bar) => bar.getAttribute('aria-label'))).toEqual(['Read', 'Converted', 'Sent']);
  expect(bars[0]?.getAttribute('aria-valuenow')).toBe('25');
  expect(bars[0]?.getAttribute('aria-valuetext')).toBe('2,500 / 10,000');
});

test('waiting for the API limit is said beside the status', () => {
  const time_left = { seconds: 120, is_least: false };
  show({ status: 'Upload In Progress', waiting_seconds: 41.2, time_left });
  expect(
    screen.getByText('API limit reached, resumes in 42 s; about 2 min left in all'),
  ).toBeDefined();
  expect(screen.queryByText('about 2 min left')).toBeNull();
  cleanup();
  const date_upload_start = '2026-03-09T16:00:00Z';
  show({ status: 'Upload In Progress', date_upload_start, time_left });
  expect(screen.getByText('about 2 min left')).toBeDefined();
});

test('a wait that Sentinel asked for is said instead, and can be ended', () => {
  const asked_wait = { until: '2026-03-09T17:00:00Z', reason: 'Later.' };
  show({ status: 'Upload In Progress', waiting_seconds: 3000, asked_wait, request_id: 'abc-1' });
  expect(screen.getByText(/Sentinel asked to wait until/)).toBeDefined();
  expect(screen.getByRole('button', { name: 'Send now: abc-1' })).toBeDefined();
  expect(screen.queryByText(/API limit reached/)).toBeNull();
});

test('a system that does not answer is named beside the status, of a Job that waits too', () => {
  const trouble = {
    system: 'ThreatConnect' as const,
    attempt: 4,
    since: '2026-03-09T16:00:00Z',
    until: '2026-03-09T16:00:20Z',
    code: 'TC-READ',
    message: 'ThreatConnect did not answer.',
    reason: '',
  };
  show({ status: 'Pending', trouble });
  expect(screen.getByText(/ThreatConnect does not answer; trying again/)).toBeDefined();
});

test('a Job whose next stage is paused says by whom, until when and why', () => {
  const pause = {
    task: 'upload' as const,
    name: 'Upload',
    since: new Date(Date.now() - 2 * 3_600_000).toISOString(),
    by: 'demo.analyst',
    until: null,
    reason: null,
  };
  show({ status: 'Download Complete', pause });
  expect(screen.getByText(/^Upload paused by/).textContent).toBe(
    'Upload paused by demo.analyst, 2 h ago',
  );
  cleanup();
  const until = new Date(Date.now() + 3_600_000).toISOString();
  show({ status: 'Pending', pause: { ...pause, by: null, until, reason: 'The workspace moves' } });
  expect(screen.getByText(/^Upload paused by/).textContent).toBe(
    'Upload paused by an unknown user, 2 h ago; resumes in 60 min: The workspace moves',
  );
});

test('a Job offers what its state allows, and names it', async () => {
  show({ status: 'Upload Complete', count_held_back: 1240, warnings: ['x'], request_id: 'abc-1' });
  expect(screen.getByText('1 warning')).toBeDefined();
  await userEvent.click(screen.getByRole('button', { name: 'Withdraw 1,240 objects: abc-1' }));
  expect(onAction).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ request_id: 'abc-1' }),
    'withdraw',
  );
});
