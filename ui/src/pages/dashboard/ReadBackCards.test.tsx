import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import type { MetricSummary } from '../../api/model';
import { makeSummary } from '../../test/figures';
import { makeMatchRun, makeMatchSummary } from '../../test/matches';
import { makeLogsError, makeVerification, makeVerificationRun } from '../../test/verification';
import { ReadBackCards } from './ReadBackCards';

const complete = makeVerificationRun({ count_confirmed: 992, findings: { missing: 8 } });

function show(changes: Partial<MetricSummary>): void {
  render(
    <MantineProvider env="test">
      <ReadBackCards summary={makeSummary(changes)} />
    </MantineProvider>,
  );
}

const textOf = (name: string) => screen.getByRole('group', { name }).textContent;

it('says what was confirmed, and each kind leads to its findings', () => {
  show({ verification: makeVerification({ last: complete, complete }) });
  expect(textOf('Verified in Sentinel')).toContain('992 of 1,000 active objects');
  expect(screen.getByRole('link', { name: 'Missing' }).getAttribute('href')).toBe(
    '#/reports/verify?kind=missing',
  );
});

it('a run that failed keeps the numbers of the one before', () => {
  const last = makeVerificationRun({ error: makeLogsError() });
  show({ verification: makeVerification({ last, complete }) });
  expect(textOf('Verified in Sentinel')).toContain('992 of 1,000');
  expect(textOf('Verified in Sentinel')).toContain('The last run failed');
  expect(screen.getByRole('link', { name: 'AZ-QUERY-403' })).toBeDefined();
});

it('says which query and which owner earns its keep', () => {
  const query = { query_id: 'q1', position: 0, label: 'Phishing', label_scope: null };
  show({
    matches: makeMatchSummary({
      count_indicators: 5,
      count_exact: 3,
      count_alerts: 9,
      by_query: [
        { query_id: 'q1', query, count: 4 },
        { query_id: 'gone', query: null, count: 1 },
      ],
      by_owner: [{ owner: 'A & B', count: 5 }],
    }),
  });
  expect(textOf('Matches in the last 7 days')).toContain('in 9 alerts; 3 matched, 2 only seen');
  expect(
    screen.getByRole('table', { name: 'Matched Indicators by TQL query' }).textContent,
  ).toContain('Deleted query');
  expect(screen.getByRole('link', { name: 'A & B' }).getAttribute('href')).toBe(
    '#/reports/matches?owner=A+%26+B&range=7d',
  );
});

it.each([
  [{}, 'Match has not completed a run yet'],
  [
    { date_began: '2026-03-09T16:00:00Z', date_ended: '2026-03-09T16:00:05Z', outcome: 'no-table' },
    'This workspace has no alerts yet',
  ],
] as const)('without a match it says why (%#)', (changes, words) => {
  show({ matches: makeMatchSummary({ run: makeMatchRun(changes) }) });
  expect(screen.getByText(words)).toBeDefined();
});

it('what does not run by itself is not there', () => {
  show({
    verification: makeVerification({ interval_hours: 0, last: complete, complete }),
    matches: makeMatchSummary({ run: makeMatchRun({ interval_hours: 0 }) }),
  });
  expect(screen.queryByRole('group')).toBeNull();
});
