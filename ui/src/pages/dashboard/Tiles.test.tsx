import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';

import type { MetricSummary } from '../../api/model';
import { makeSummary, makeUpdateFigures } from '../../test/figures';
import { RunningUpdate } from './RunningUpdate';
import { Tiles } from './Tiles';

const chosen = {
  job_type: 'ad-hoc' as const,
  scope: 'send' as const,
  count_asked: 3,
  figures: { jobs: 1, read: 2, sent: 2 },
};
const withdrawn = {
  ...chosen,
  scope: 'withdraw' as const,
  figures: { jobs: 1, withdrawn: 3 },
};

function show(summary: MetricSummary) {
  const { running } = summary;
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MantineProvider env="test">
        <Tiles summary={summary} nowMs={0} />
        {running !== null && <RunningUpdate summary={summary} update={running} />}
      </MantineProvider>
    </QueryClientProvider>,
  );
}

const wordsOf = (name: string) => screen.getByRole('group', { name }).textContent;

test('an update of whole queries goes by its mode', () => {
  const figures = { jobs: 2, read: 2, sent: 1 };
  const update = makeUpdateFigures({ figures });
  show(makeSummary({ last_update: update, running: update }));
  expect(wordsOf('Last update')).toContain('Scheduled delta update in 60 s: 2 read, 1 sent');
  expect(screen.getByText('Delta update running')).toBeDefined();
});

test('an update about what a person chose is no ordinary delta', () => {
  const update = makeUpdateFigures(chosen);
  show(makeSummary({ last_update: update, running: update }));
  expect(wordsOf('Last update')).toContain('Send now: 3 values in 60 s: 2 read, 2 sent');
  expect(screen.getByText('Send now: 3 values, running')).toBeDefined();
});

test('a withdrawal by hand reads nothing and sends nothing', () => {
  show(makeSummary({ last_update: makeUpdateFigures(withdrawn) }));
  expect(wordsOf('Last update')).toContain('Withdraw now: 3 values in 60 s: 3 withdrawn');
});

test('of a withdrawal by hand that runs, what is withdrawn counts', () => {
  show(makeSummary({ running: makeUpdateFigures(withdrawn) }));
  expect(wordsOf('Backlog')).toContain('Preparing the withdrawal');
  const running = screen.getByRole('region', { name: 'Running update' }).textContent;
  expect(running).toContain('3 done: 3 withdrawn, 0 refused');
});

test('the next update is due while it waits for its turn', () => {
  show(makeSummary({ next_update: { at: '1970-01-01T00:00:00Z', mode: 'full' } }));
  expect(wordsOf('Next update')).toContain('Due now');
  expect(wordsOf('Next update')).toContain('Full update, since 1970-01-01');
});

test('an update that is not due yet is announced', () => {
  show(makeSummary({ next_update: { at: '1970-01-01T01:00:00Z', mode: 'delta' } }));
  expect(wordsOf('Next update')).toContain('Delta update, 1970-01-01');
});
