/** The list of TQL queries; in edit mode with arrows at the left and actions at the right. */
import { ActionIcon, Button, Group, Switch, Text, Tooltip } from '@mantine/core';
import { flushSync } from 'react-dom';

import type { LastCount, Query } from '../../api/model';
import { DataTable, type Column } from '../../components/DataTable';
import { EmptyState } from '../../components/EmptyState';
import { Icon } from '../../components/Icon';
import { TimeText } from '../../components/TimeText';
import type { DraftRow, QueryFields, RowMessages } from '../../lib/draft';
import { fieldLabel, typeLabel } from '../../lib/label';
import { formatCount } from '../../lib/number';
import { TqlText } from '../../tql/TqlText';
import type { Drag } from './loadDrag';

type Row = Query | DraftRow;

interface EditActions {
  /** What dragging takes; without it, the arrows serve. */
  drag: Drag | null;
  messages: Map<string, RowMessages>;
  onMove: (row: DraftRow, by: -1 | 1) => void;
  onMoveTo: (key: string, placeOf: string) => void;
  onEdit: (row: DraftRow) => void;
  onEnable: (row: DraftRow, isEnabled: boolean) => void;
  onRemove: (row: DraftRow) => void;
}

interface QueryTableProps {
  rows: readonly Row[] | undefined;
  /** How much the saved queries returned. */
  counts?: readonly LastCount[];
  edit?: EditActions;
  onAdd: () => void;
}

function isDraftRow(row: Row): row is DraftRow {
  return 'key' in row;
}

/** What a row is called in the names of its buttons. */
function nameOf(row: Row, rows: readonly Row[]): string {
  return `query ${rows.indexOf(row) + 1}, ${row.name ?? row.owners.join(', ')}`;
}

export function QueryTable({ rows, counts = [], edit, onAdd }: QueryTableProps) {
  const isEdited = edit !== undefined;
  const drag = edit?.drag ?? null;
  const table = (
    <DataTable<Row>
      label="TQL queries"
      columns={
        isEdited
          ? editColumns(rows ?? [], edit)
          : [...fieldColumns(rows ?? []), countColumn(counts)]
      }
      rows={rows}
      rowKey={keyOf}
      minWidth={isEdited ? 990 : 940}
      {...(drag === null ? {} : { Group: drag.DragGroup })}
      below={(row) => {
        const messages = isDraftRow(row) ? edit?.messages.get(row.key) : undefined;
        return messages === undefined ? null : <RowProblem messages={messages} />;
      }}
      empty={
        <EmptyState title="No queries yet">
          <Text size="sm" c="dimmed">
            Queries choose which Indicators, from which owners, go to Microsoft Sentinel.
          </Text>
          {!isEdited && (
            <Button mt="md" leftSection={<Icon name="plus" />} onClick={onAdd}>
              Add the first query
            </Button>
          )}
        </EmptyState>
      }
    />
  );
  if (edit === undefined || drag === null || rows === undefined) return table;
  return (
    <drag.DragArea
      items={rows.map((row) => ({ key: keyOf(row), name: nameOf(row, rows) }))}
      onMove={edit.onMoveTo}
    >
      {table}
    </drag.DragArea>
  );
}

function keyOf(row: Row): string {
  return isDraftRow(row) ? row.key : row.id;
}

function fieldColumns(rows: readonly Row[]): Column<Row>[] {
  return [
    {
      key: 'position',
      heading: (
        <Tooltip label="Precedence: where several queries return the same value, the highest one's copy is sent">
          <abbr title="Precedence" className="app-abbr">
            #
          </abbr>
        </Tooltip>
      ),
      width: 64,
      cell: (row) => (
        <>
          <span className="app-position">{rows.indexOf(row) + 1}</span>
          {!row.is_enabled && !isDraftRow(row) && (
            <Text component="div" fz="xs" c="dimmed">
              Disabled
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'name',
      heading: 'Name',
      width: '14%',
      cell: (row) => (row.name === null ? <None /> : <NameCell row={row} />),
    },
    { key: 'owners', heading: 'Owners', width: '18%', cell: (row) => <Words items={row.owners} /> },
    {
      key: 'types',
      heading: 'Indicator Types',
      width: '20%',
      cell: (row) => <Words items={row.indicator_types.map(typeLabel)} />,
    },
    { key: 'tql', heading: 'TQL', cell: (row) => <Tql text={row.tql} /> },
    {
      key: 'sort_field',
      heading: 'Sort Field',
      width: 130,
      cell: (row) => (row.sort_field === null ? <None /> : fieldLabel(row.sort_field)),
    },
    {
      key: 'sort_direction',
      heading: 'Sort Direction',
      width: 120,
      cell: (row) =>
        row.sort_field === null ? (
          <None />
        ) : row.sort_direction === 'asc' ? (
          'Ascending'
        ) : (
          'Descending'
        ),
    },
  ];
}

/** Not while the list is edited: what is not saved has not been counted. */
function countColumn(counts: readonly LastCount[]): Column<Row> {
  const byId = new Map(counts.map((count) => [count.query_id, count]));
  return {
    key: 'last_count',
    heading: (
      <Tooltip label="Indicators that the latest completed full or reconcile Job of the query read">
        <span>Last Count</span>
      </Tooltip>
    ),
    width: 120,
    cell: (row) => <CountCell count={byId.get(row.id ?? '')} />,
  };
}

function CountCell({ count }: { count: LastCount | undefined }) {
  if (count === undefined) {
    return (
      <Text component="span" fz="inherit" c="dimmed">
        Not run yet
      </Text>
    );
  }
  return (
    <>
      <span className="app-number">{formatCount(count.last_count)}</span>
      <Text component="div" fz="xs" c="dimmed">
        <TimeText value={count.last_counted} isNarrow />
      </Text>
    </>
  );
}

function editColumns(rows: readonly Row[], edit: EditActions): Column<Row>[] {
  const { drag } = edit;
  const arrows: Column<Row> = {
    key: 'order',
    heading: 'Order',
    width: 114,
    cell: (row) =>
      isDraftRow(row) && (
        <Group gap={4} wrap="nowrap">
          {drag !== null && <drag.DragHandle name={nameOf(row, rows)} />}
          <Arrow row={row} rows={rows} by={-1} onMove={edit.onMove} />
          <Arrow row={row} rows={rows} by={1} onMove={edit.onMove} />
        </Group>
      ),
  };
  const actions: Column<Row> = {
    key: 'actions',
    heading: 'Actions',
    width: 140,
    cell: (row) =>
      isDraftRow(row) && (
        <Group gap={4} wrap="nowrap">
          <Switch
            size="sm"
            checked={row.is_enabled}
            aria-label={`Enabled: ${nameOf(row, rows)}`}
            onChange={(event) => edit.onEnable(row, event.currentTarget.checked)}
          />
          <Tooltip label="Edit">
            <ActionIcon
              variant="default"
              aria-label={`Edit ${nameOf(row, rows)}`}
              onClick={() => edit.onEdit(row)}
            >
              <Icon name="edit" />
            </ActionIcon>
          </Tooltip>
          <Tooltip label="Delete">
            <ActionIcon
              variant="default"
              className="app-danger-quiet"
              aria-label={`Delete ${nameOf(row, rows)}`}
              onClick={() => edit.onRemove(row)}
            >
              <Icon name="trash" />
            </ActionIcon>
          </Tooltip>
        </Group>
      ),
  };
  const [position, ...fields] = fieldColumns(rows);
  return [...(position === undefined ? [] : [position]), arrows, ...fields, actions];
}

interface ArrowProps {
  row: DraftRow;
  rows: readonly Row[];
  by: -1 | 1;
  onMove: (row: DraftRow, by: -1 | 1) => void;
}

/** At the end of the list it does nothing but stays where it is, so that the focus is not lost. */
function Arrow({ row, rows, by, onMove }: ArrowProps) {
  const isEnd = rows.indexOf(row) === (by < 0 ? 0 : rows.length - 1);
  const words = by < 0 ? 'Move up' : 'Move down';
  return (
    <Tooltip label={words}>
      <ActionIcon
        variant="default"
        aria-label={`${words}: ${nameOf(row, rows)}`}
        aria-disabled={isEnd}
        {...(isEnd ? { 'data-disabled': true } : {})}
        onClick={(event) => {
          if (isEnd) return;
          const button = event.currentTarget;
          // Rows change places in the document, and what is moved loses the focus.
          flushSync(() => onMove(row, by));
          button.focus();
        }}
      >
        <Icon name={by < 0 ? 'arrowUp' : 'arrowDown'} />
      </ActionIcon>
    </Tooltip>
  );
}

function Tql({ text }: { text: string }) {
  if (text.trim() === '') {
    return (
      <Text component="span" fz="inherit" c="dimmed">
        All Indicators
      </Text>
    );
  }
  return (
    <code className="app-tql">
      <TqlText text={text} />
    </code>
  );
}

const SHOWN_WORDS = 6;

/** The first few, then how many more there are; all of them in the tooltip. */
function Words({ items }: { items: readonly string[] }) {
  if (items.length <= SHOWN_WORDS) return <span className="app-words">{items.join(', ')}</span>;
  return (
    <Tooltip label={items.join(', ')}>
      <span className="app-words">
        {items.slice(0, SHOWN_WORDS - 1).join(', ')} and {items.length - SHOWN_WORDS + 1} more
      </span>
    </Tooltip>
  );
}

function NameCell({ row }: { row: Row }) {
  return (
    <Tooltip label={row.note} disabled={row.note === null} multiline maw={420}>
      <bdi className="app-words">{row.name}</bdi>
    </Tooltip>
  );
}

function None() {
  return (
    <Text component="span" fz="inherit" c="dimmed">
      -
    </Text>
  );
}

const fieldNames: Record<keyof QueryFields, string> = {
  name: 'Name',
  note: 'Note',
  is_enabled: 'Enabled',
  owners: 'Owners to Query',
  indicator_types: 'Indicator Types to Retrieve',
  tql: 'TQL',
  sort_field: 'Sort Field',
  sort_direction: 'Sort Direction',
};

export function RowProblem({ messages }: { messages: RowMessages }) {
  return (
    <div className="app-row-problem">
      <Icon name="alert" size={14} />
      <ul className="app-plain-list">
        {Object.entries(messages).map(([field, message]) => (
          <li key={field}>
            {field === 'row' ? message : `${fieldNames[field as keyof QueryFields]}: ${message}`}
          </li>
        ))}
      </ul>
    </div>
  );
}
