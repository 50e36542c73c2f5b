/** The columns of the list of TQL queries that show its fields. */
import { Text, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';

import type { Column } from '../../components/DataTable';
import { OwnerNames } from '../../components/OwnerNames';
import { StatusBadge } from '../../components/StatusBadge';
import { fieldLabel, typeLabel } from '../../lib/label';
import { directionLabel, orderWords } from '../../lib/sortOrder';
import { TqlCode } from '../../tql/TqlCode';
import { TqlText } from '../../tql/TqlText';
import { isDraftRow, type Row } from './queryRow';
import classes from './QueryTable.module.css';

export function positionColumn(cell: (row: Row) => ReactNode): Column<Row> {
  return {
    key: 'position',
    label: 'Position',
    heading: (
      <Tooltip label="Precedence: where several queries return the same value, the highest one's copy is sent">
        <abbr title="Precedence" className={classes.precedence}>
          #
        </abbr>
      </Tooltip>
    ),
    width: 52,
    cell,
  };
}

export const fieldColumns: readonly Column<Row>[] = [
  { key: 'name', heading: 'Name', width: '12%', cell: (row) => <Name row={row} /> },
  {
    key: 'owners',
    heading: 'Owners',
    width: '11%',
    cell: (row) => (
      <Clamped text={row.owners.join(', ')}>
        <OwnerNames names={row.owners} />
      </Clamped>
    ),
  },
  {
    key: 'types',
    heading: 'Indicator Types',
    width: '10%',
    cell: (row) => {
      const names = row.indicator_types.map(typeLabel).join(', ');
      return <Clamped text={names}>{names}</Clamped>;
    },
  },
  { key: 'tql', heading: 'TQL', cell: (row) => <Tql text={row.tql} /> },
  { key: 'sort_field', heading: 'Sort Field', width: 92, cell: (row) => <SortField row={row} /> },
  {
    key: 'sort_direction',
    heading: 'Sort Direction',
    width: 92,
    cell: (row) => <SortDirection row={row} />,
  },
];

function Name({ row }: { row: Row }) {
  const isOff = !row.is_enabled && !isDraftRow(row);
  if (row.name === null && row.note === null && !isOff) return <None />;
  return (
    <>
      {row.name !== null && (
        <Text component="bdi" fz="inherit" fw={600} className={classes.clip}>
          {row.name}
        </Text>
      )}
      {row.note !== null && (
        <Tooltip label={row.note}>
          <Text component="bdi" fz="xs" c="dimmed" className={classes.clip}>
            {row.note}
          </Text>
        </Tooltip>
      )}
      {isOff && (
        <StatusBadge tone="neutral" icon="pause">
          Disabled
        </StatusBadge>
      )}
    </>
  );
}

const LONG_CHARS = 40;

/** At most two lines; all of it in the tooltip. */
function Clamped({ text, children }: { text: string; children: ReactNode }) {
  return (
    <Tooltip label={text} disabled={text.length <= LONG_CHARS}>
      <span className={classes.clip}>{children}</span>
    </Tooltip>
  );
}

function Tql({ text }: { text: string }) {
  if (text.trim() === '') return <Quiet>All Indicators</Quiet>;
  return (
    <TqlCode extent="clamped">
      <TqlText text={text} />
    </TqlCode>
  );
}

function SortField({ row }: { row: Row }) {
  return row.sort_field === null ? <None /> : fieldLabel(row.sort_field);
}

function SortDirection({ row: { sort_field: field, sort_direction: direction } }: { row: Row }) {
  if (field === null) return <None />;
  return (
    <>
      {directionLabel(direction)}
      <Text component="div" fz="xs" c="dimmed">
        {orderWords(field, direction)}
      </Text>
    </>
  );
}

function None() {
  return <Quiet>-</Quiet>;
}

export function Quiet({ children }: { children: ReactNode }) {
  return (
    <Text component="span" fz="inherit" c="dimmed">
      {children}
    </Text>
  );
}
