import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';

import { ColumnChart, type ChartColumn, type Series } from './ColumnChart';

const series: readonly Series[] = [
  { name: 'Sent', look: 'main' },
  { name: 'Refused', look: 'refused' },
];

const columns: ChartColumn[] = [
  { key: 1, label: 'Mar 8', tick: 'Mar 8', values: [1_000, 0] },
  { key: 2, label: 'Mar 9', tick: null, values: [0, 0], note: 'No Job ended' },
  { key: 3, label: 'Mar 10', tick: null, values: [1_999, 1] },
];

function show() {
  return render(
    <MantineProvider env="test">
      <ColumnChart label="Sent and refused" series={series} columns={columns} />
    </MantineProvider>,
  );
}

describe('ColumnChart', () => {
  it('tells of one column at a time to those who use the keyboard', async () => {
    show();
    const chart = screen.getByRole('slider', { name: /^Sent and refused/ });
    await userEvent.tab();
    expect(document.activeElement).toBe(chart);
    expect(chart.getAttribute('aria-valuetext')).toBe('Mar 10: 1,999 sent, 1 refused');
    await userEvent.keyboard('{ArrowLeft}');
    expect(chart.getAttribute('aria-valuetext')).toBe('Mar 9: 0 sent, 0 refused. No Job ended');
    await userEvent.keyboard('{Home}{ArrowLeft}');
    expect(chart.getAttribute('aria-valuenow')).toBe('1');
    await userEvent.keyboard('{End}{ArrowRight}');
    expect(chart.getAttribute('aria-valuenow')).toBe('3');
  });

  it('shows the same beside the column until it is left', async () => {
    const { container } = show();
    await userEvent.tab();
    expect(container.querySelector('[data-chart-tip]')?.textContent).toContain('1,999 sent');
    await userEvent.keyboard('{Escape}');
    expect(container.querySelector('[data-chart-tip]')).toBeNull();
  });

  it('draws what is not zero, however little it is', () => {
    const { container } = show();
    expect(container.querySelectorAll('rect[data-look="main"]')).toHaveLength(2);
    const [refused] = container.querySelectorAll('g > rect[data-look="refused"]');
    expect(Number(refused?.getAttribute('height'))).toBeGreaterThanOrEqual(2);
  });

  it('has an axis from nothing to beyond the largest sum', () => {
    show();
    expect(screen.getByText('0')).toBeTruthy();
    expect(screen.getByText('2K')).toBeTruthy();
  });
});
