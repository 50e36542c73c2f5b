import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import { expect, test, vi } from 'vitest';

import { Pager } from './Pager';

function show(total: number, offset = 0) {
  render(
    <MantineProvider env="test">
      <Pager noun="entry" nouns="entries" {...{ total, offset }} limit={20} onChange={vi.fn()} />
    </MantineProvider>,
  );
}

test('what fits on one page is counted in words, one in the singular', () => {
  show(1);
  expect(screen.getByText('1 entry')).toBeDefined();
  show(20);
  expect(screen.getByText('20 entries')).toBeDefined();
  show(0);
  expect(screen.getByText('0 entries')).toBeDefined();
});

test('of several pages, which part is shown is said', () => {
  show(1_234, 1_220);
  expect(screen.getByText('1,221–1,234 of 1,234 entries')).toBeDefined();
});
