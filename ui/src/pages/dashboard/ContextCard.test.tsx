import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { makeContext } from '../../test/context';
import { ContextCard } from './ContextCard';

function show(context: ReturnType<typeof makeContext>): string {
  render(
    <MantineProvider env="test">
      <ContextCard context={context} />
    </MantineProvider>,
  );
  return screen.getByRole('group', { name: 'Context' }).textContent;
}

it('says what is in Sentinel and leads to CONTEXT', () => {
  const text = show(makeContext({ live: [2, 3, 4] }));
  expect(text).toContain('2 owner identities, 3 threat actors, 4 relationships in Sentinel');
  expect(text).not.toContain('after the Indicators');
  expect(screen.getByRole('link').getAttribute('href')).toBe('#/reports/context');
});

it('says what waits, what is refused, and what keeps it from being sent', () => {
  const error = { code: 'AZ-TOKEN', message: 'No token.', reason: '' };
  const text = show(
    makeContext({ count_waiting: 300, seconds_left: null, count_refused: 2, error }),
  );
  expect(text).toContain('300 objects to send');
  expect(text).toContain('2 refused');
  expect(text).toContain('It cannot be sent now');
  expect(screen.getByRole('link', { name: 'AZ-TOKEN' })).toBeDefined();
});

it('says how long it takes after the Indicators', () => {
  expect(show(makeContext({ count_waiting: 300, seconds_left: 3 }))).toContain(
    '300 objects to send. About 3 s, after the Indicators',
  );
});
