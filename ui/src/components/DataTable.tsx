/** A table of one page of things: sortable headings, a marked open row, and its own empty state. */
import { Skeleton, Table, UnstyledButton } from '@mantine/core';
import { Fragment, type ComponentType, type MouseEvent, type ReactNode } from 'react';

import { classNames } from '../lib/classNames';
import classes from './DataTable.module.css';
import { Icon } from './Icon';

export interface Column<Row> {
  key: string;
  heading: ReactNode;
  /** The heading in words, where it is more than that. */
  label?: string;
  /** The field to sort by; without one the heading is only words. */
  sort?: string;
  align?: 'left' | 'right';
  width?: number | string;
  cell: (row: Row) => ReactNode;
}

interface DataTableProps<Row> {
  /** What the table holds, for those who cannot see it. */
  label: string;
  columns: readonly Column<Row>[];
  /** `undefined` while there is nothing to show yet. */
  rows: readonly Row[] | undefined;
  rowKey: (row: Row) => string;
  empty: ReactNode;
  sort?: { field: string; order: 'asc' | 'desc'; onSort: (field: string) => void };
  /** A click anywhere on the row; the row also has a button for the keyboard. */
  onRowClick?: (row: Row) => void;
  openKey?: string | null;
  /** A second line that belongs to a row. */
  below?: (row: Row) => ReactNode;
  minWidth?: number;
  /** What holds a row and the line below it, in place of the body of the whole table. */
  Group?: ComponentType<RowGroupProps>;
  /** Columns keep the widths they are given, whatever stands in them. */
  isFixed?: boolean;
  /** Where there is little room, each row becomes a block of values below their headings. */
  isStacked?: boolean;
  /** The headings stay in sight below what is pinned at the top of the screen. */
  hasStickyHead?: boolean;
  /** A row that is there but takes no part. */
  isQuiet?: (row: Row) => boolean;
}

export interface RowGroupProps {
  rowKey: string;
  children: ReactNode;
}

const WAITING_ROWS = 5;

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, columns, rows, rowKey, empty, sort, openKey, below } = props;
  const { minWidth, isFixed = false, isStacked = false, hasStickyHead = false, Group } = props;
  const isGrouped = Group !== undefined && rows !== undefined && rows.length > 0;
  const lines = rows?.map((row) => {
    const key = rowKey(row);
    const Holder = isGrouped ? Group : PlainGroup;
    return (
      <Holder key={key} rowKey={key}>
        <DataRow {...props} row={row} isOpen={openKey === key} extra={below?.(row)} />
      </Holder>
    );
  });
  return (
    <TableFrame
      {...{ label, columns, sort, minWidth, isFixed, isStacked, hasStickyHead }}
      isBusy={rows === undefined}
    >
      {isGrouped ? (
        lines
      ) : (
        <Table.Tbody>
          {rows === undefined && <WaitingRows columns={columns.length} />}
          {rows?.length === 0 && (
            <Table.Tr>
              <Table.Td colSpan={columns.length}>{empty}</Table.Td>
            </Table.Tr>
          )}
          {lines}
        </Table.Tbody>
      )}
    </TableFrame>
  );
}

interface TableFrameProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  sort?: DataTableProps<Row>['sort'];
  minWidth?: number | undefined;
  isFixed?: boolean;
  isStacked?: boolean;
  hasStickyHead?: boolean;
  isBusy: boolean;
  /** One or more bodies. */
  children: ReactNode;
}

/** A table with its headings, which scrolls by itself where there is too little room. */
export function TableFrame<Row>(props: TableFrameProps<Row>) {
  const { label, columns, sort, minWidth, isFixed = false, isBusy, children } = props;
  const { isStacked = false, hasStickyHead = false } = props;
  return (
    <div
      className={classNames(
        classes.frame,
        isStacked && classes.stacked,
        hasStickyHead && classes.sticky,
      )}
    >
      {/* A region that scrolls has to be reachable by the keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={classes.scroll} role="region" aria-label={label} tabIndex={0}>
        <Table
          className={classes.table}
          aria-label={label}
          {...(minWidth === undefined ? {} : { miw: minWidth })}
          layout={isFixed ? 'fixed' : 'auto'}
          aria-busy={isBusy}
        >
          <Table.Thead>
            <Table.Tr>
              {columns.map((column) => (
                <HeadCell key={column.key} column={column} sort={sort} />
              ))}
            </Table.Tr>
          </Table.Thead>
          {children}
        </Table>
      </div>
    </div>
  );
}

function PlainGroup({ children }: RowGroupProps) {
  return <Fragment>{children}</Fragment>;
}

interface RowProps<Row> {
  row: Row;
  columns: readonly Column<Row>[];
  isOpen: boolean;
  extra?: ReactNode;
  onRowClick?: (row: Row) => void;
  isQuiet?: (row: Row) => boolean;
}

/** A row of cells, and the line that belongs to it. */
export function DataRow<Row>({ row, columns, isOpen, extra, onRowClick, isQuiet }: RowProps<Row>) {
  return (
    <>
      <Table.Tr
        data-open={isOpen || undefined}
        data-clickable={onRowClick !== undefined || undefined}
        data-joined={Boolean(extra) || undefined}
        data-quiet={isQuiet?.(row) === true || undefined}
        {...(onRowClick === undefined
          ? {}
          : {
              onClick: (event: MouseEvent) => onBareClick(event, () => onRowClick(row)),
            })}
      >
        {columns.map((column) => (
          <Table.Td key={column.key} ta={column.align ?? 'left'} data-label={labelOf(column)}>
            {column.cell(row)}
          </Table.Td>
        ))}
      </Table.Tr>
      {Boolean(extra) && (
        <Table.Tr className={classes.below}>
          <Table.Td colSpan={columns.length}>{extra}</Table.Td>
        </Table.Tr>
      )}
    </>
  );
}

function labelOf<Row>({ label, heading }: Column<Row>): string | undefined {
  return label ?? (typeof heading === 'string' ? heading : undefined);
}

/** Clicks on buttons and links in a row, and the end of selecting text, are not clicks on the row. */
function onBareClick(event: MouseEvent, act: () => void): void {
  const target = event.target as Element;
  if (target.closest('a, button, input, label') !== null) return;
  if ((window.getSelection()?.toString() ?? '') !== '') return;
  act();
}

function HeadCell<Row>({
  column,
  sort,
}: {
  column: Column<Row>;
  sort: DataTableProps<Row>['sort'];
}) {
  const align = column.align ?? 'left';
  const field = column.sort;
  if (field === undefined || sort === undefined) {
    return (
      <Table.Th w={column.width} ta={align} scope="col">
        {column.heading}
      </Table.Th>
    );
  }
  const isSorted = sort.field === field;
  return (
    <Table.Th
      w={column.width}
      ta={align}
      scope="col"
      aria-sort={isSorted ? (sort.order === 'asc' ? 'ascending' : 'descending') : 'none'}
    >
      <UnstyledButton
        className={classes.sort}
        data-sorted={isSorted || undefined}
        onClick={() => sort.onSort(field)}
      >
        {column.heading}
        <Icon
          name={isSorted ? (sort.order === 'asc' ? 'arrowUp' : 'arrowDown') : 'sort'}
          size={13}
        />
      </UnstyledButton>
    </Table.Th>
  );
}

/** Rows that hold the place of those that are on their way. */
export function WaitingRows({ columns, rows = WAITING_ROWS }: { columns: number; rows?: number }) {
  return Array.from({ length: rows }, (_, row) => (
    <Table.Tr key={row} aria-hidden>
      {Array.from({ length: columns }, (_unused, column) => (
        <Table.Td key={column}>
          <Skeleton height={14} width={column === 0 ? '60%' : '80%'} />
        </Table.Td>
      ))}
    </Table.Tr>
  ));
}
