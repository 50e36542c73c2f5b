import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';

import type { Job } from '../../api/model';
import type { JobAction } from '../../lib/jobAction';
import { makeJob } from '../../test/factories';
import { JobActionDialog } from './JobActionDialog';

function words(action: JobAction, changes: Partial<Job>): string | null {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MantineProvider env="test">
        <JobActionDialog job={makeJob(changes)} action={action} onClose={() => undefined} />
      </MantineProvider>
    </QueryClientProvider>,
  );
  return screen.getByRole('dialog').textContent;
}

test('what a canceled Job leaves is taken up by the next update', () => {
  expect(words('cancel', {})).toContain('The next update of the query includes its Indicators.');
});

test('what a person chose is not', () => {
  const found = words('cancel', { scope: 'withdraw', count_asked: 3 });
  expect(found).toContain('It has not started, so nothing was withdrawn.');
  expect(found).not.toContain('next update');
});

test('only a Job of a whole query has a time range to try again', () => {
  expect(words('retry', {})).toContain('for the same query and time range, linked to this one.');
});

test('of what a person chose, the same is tried again', () => {
  const found = words('retry', { scope: 'send', count_asked: 3 });
  expect(found).toContain('for what this one was about, linked to this one.');
});
