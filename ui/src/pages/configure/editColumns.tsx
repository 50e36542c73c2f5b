/** The columns that are there while the list of TQL queries is edited: its order, and what is done. */
import { ActionIcon, Group, Switch, Tooltip, UnstyledButton } from '@mantine/core';
import { flushSync } from 'react-dom';

import danger from '../../components/danger.module.css';
import type { Column } from '../../components/DataTable';
import { Icon, type IconName } from '../../components/Icon';
import type { DraftRow, RowMessages } from '../../lib/draft';
import type { Drag } from './loadDrag';
import { fieldColumns, positionColumn } from './queryColumns';
import { isDraftRow, nameOf, type Row } from './queryRow';
import classes from './QueryTable.module.css';

export interface EditActions {
  /** What dragging takes; without it, the arrows serve. */
  drag: Drag | null;
  messages: Map<string, RowMessages>;
  onMove: (row: DraftRow, by: -1 | 1) => void;
  onMoveTo: (key: string, placeOf: string) => void;
  /** Asks where to. */
  onMoveAsked: (row: DraftRow) => void;
  onEdit: (row: DraftRow) => void;
  onEnable: (row: DraftRow, isEnabled: boolean) => void;
  onDuplicate: (row: DraftRow) => void;
  onRemove: (row: DraftRow) => void;
}

/**
 * While a search hides some of the rows, one step up or down would pass rows that nobody sees: then
 * a row is moved by the number of its position alone.
 */
export function editColumns(
  rows: readonly Row[],
  edit: EditActions,
  isNarrowed: boolean,
): Column<Row>[] {
  const { drag } = edit;
  const position = positionColumn(
    (row) =>
      isDraftRow(row) && (
        <Tooltip label="Move to a position">
          <UnstyledButton
            className={classes.position}
            aria-label={`Move to a position: ${nameOf(row, rows)}`}
            onClick={() => edit.onMoveAsked(row)}
          >
            {rows.indexOf(row) + 1}
          </UnstyledButton>
        </Tooltip>
      ),
  );
  const order: Column<Row> = {
    key: 'order',
    heading: 'Order',
    width: 112,
    cell: (row) =>
      isDraftRow(row) && (
        <Group gap={4} wrap="nowrap">
          {drag !== null && !isNarrowed && <drag.DragHandle name={nameOf(row, rows)} />}
          {([-1, 1] as const).map((by) => (
            <Arrow key={by} row={row} rows={rows} by={by} isOff={isNarrowed} onMove={edit.onMove} />
          ))}
        </Group>
      ),
  };
  const enabled: Column<Row> = {
    key: 'enabled',
    heading: 'Enabled',
    width: 76,
    cell: (row) =>
      isDraftRow(row) && (
        <Switch
          size="sm"
          checked={row.is_enabled}
          aria-label={`Enabled: ${nameOf(row, rows)}`}
          onChange={(event) => edit.onEnable(row, event.currentTarget.checked)}
        />
      ),
  };
  const actions: Column<Row> = {
    key: 'actions',
    heading: 'Actions',
    width: 116,
    cell: (row) =>
      isDraftRow(row) && (
        <Group gap={4} wrap="nowrap">
          <Action
            words="Edit"
            icon="edit"
            name={nameOf(row, rows)}
            onClick={() => edit.onEdit(row)}
          />
          <Action
            words="Duplicate"
            icon="copy"
            name={nameOf(row, rows)}
            onClick={() => edit.onDuplicate(row)}
          />
          <Action
            words="Delete"
            icon="trash"
            name={nameOf(row, rows)}
            isDangerous
            onClick={() => edit.onRemove(row)}
          />
        </Group>
      ),
  };
  return [position, order, ...fieldColumns, enabled, actions];
}

interface ActionProps {
  words: string;
  icon: IconName;
  /** Of the row. */
  name: string;
  isDangerous?: boolean;
  onClick: () => void;
}

function Action({ words, icon, name, isDangerous = false, onClick }: ActionProps) {
  return (
    <Tooltip label={words}>
      <ActionIcon
        variant="default"
        {...(isDangerous ? { className: danger.quiet } : {})}
        aria-label={`${words} ${name}`}
        onClick={onClick}
      >
        <Icon name={icon} />
      </ActionIcon>
    </Tooltip>
  );
}

interface ArrowProps {
  row: DraftRow;
  rows: readonly Row[];
  by: -1 | 1;
  isOff: boolean;
  onMove: (row: DraftRow, by: -1 | 1) => void;
}

/** Where it does nothing it stays where it is all the same, so that the focus is not lost. */
function Arrow({ row, rows, by, isOff, onMove }: ArrowProps) {
  const isIdle = isOff || rows.indexOf(row) === (by < 0 ? 0 : rows.length - 1);
  const words = by < 0 ? 'Move up' : 'Move down';
  return (
    <Tooltip label={isOff ? 'Clear the search to move by one' : words}>
      <ActionIcon
        variant="default"
        aria-label={`${words}: ${nameOf(row, rows)}`}
        aria-disabled={isIdle}
        {...(isIdle ? { 'data-disabled': true } : {})}
        onClick={(event) => {
          if (isIdle) return;
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
