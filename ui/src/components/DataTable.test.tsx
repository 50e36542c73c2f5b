import { MantineProvider } from '@mantine/core';
import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';

import { DataTable, type Column } from './DataTable';

interface Thing {
  id: string;
  name: string;
}

const columns: Column<Thing>[] = [
  { key: 'id', heading: 'ID', cell: (row) => <button type="button">{row.id}</button> },
  { key: 'name', heading: 'Name', sort: 'name', cell: (row) => row.name },
];
const rows = [
  { id: 'a', name: 'Alpha' },
  { id: 'b', name: 'Beta' },
];

function show(props: Partial<Parameters<typeof DataTable<Thing>>[0]> = {}) {
  return render(
    <MantineProvider env="test">
      <DataTable
        label="Things"
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        empty={<p>Nothing here</p>}
        {...props}
      />
    </MantineProvider>,
  );
}

test('an empty list says so within the table', () => {
  show({ rows: [] });
  expect(within(screen.getByRole('table')).getByText('Nothing here')).toBeDefined();
});

test('without data yet the table is busy and does not claim to be empty', () => {
  show({ rows: undefined });
  expect(screen.getByRole('table').getAttribute('aria-busy')).toBe('true');
  expect(screen.queryByText('Nothing here')).toBeNull();
});

test('a click on the row opens it, a click on its button does not', async () => {
  const onRowClick = vi.fn();
  show({ onRowClick });
  await userEvent.click(screen.getByText('Beta'));
  expect(onRowClick).toHaveBeenCalledExactlyOnceWith(rows[1]);
  await userEvent.click(screen.getByRole('button', { name: 'a' }));
  expect(onRowClick).toHaveBeenCalledOnce();
});

test('the sorted heading says which way', async () => {
  const onSort = vi.fn();
  show({ sort: { field: 'name', order: 'asc', onSort } });
  const heading = screen.getByRole('columnheader', { name: 'Name' });
  expect(heading.getAttribute('aria-sort')).toBe('ascending');
  await userEvent.click(within(heading).getByRole('button'));
  expect(onSort).toHaveBeenCalledExactlyOnceWith('name');
});
