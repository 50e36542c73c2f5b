import { MantineProvider } from '@mantine/core';
import { fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';

import { anyTime, type Range, type RangeParams } from '../lib/range';
import { fieldToUtc } from '../lib/time';
import { RangeFilter } from './RangeFilter';

function show(range: Range) {
  const onChange = vi.fn<(change: RangeParams) => void>();
  render(
    <MantineProvider env="test">
      <RangeFilter range={range} onChange={onChange} />
    </MantineProvider>,
  );
  return onChange;
}

test('a quick range is chosen by its words and replaces own ends', async () => {
  const onChange = show(anyTime);
  expect(screen.queryByLabelText('From')).toBeNull();
  await userEvent.click(screen.getByRole('combobox', { name: 'Time' }));
  await userEvent.click(screen.getByRole('option', { name: 'Last 24 hours' }));
  expect(onChange).toHaveBeenCalledWith({ range: '24h', after: '', before: '' });
});

test('an own range has a start and an end, each kept while the other changes', () => {
  const onChange = show({ quick: 'custom', after: '2026-03-09T16:05:06Z', before: '' });
  fireEvent.change(screen.getByLabelText('Before'), { target: { value: '2026-03-10T08:00' } });
  expect(onChange).toHaveBeenCalledWith({
    range: 'custom',
    after: '2026-03-09T16:05:06Z',
    before: fieldToUtc('2026-03-10T08:00', 'local'),
  });
});
