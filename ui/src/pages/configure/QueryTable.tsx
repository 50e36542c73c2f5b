/** The list of TQL queries; in edit mode with its order at the left and actions at the right. */
import { Button, Text } from '@mantine/core';

import type { LastCount, QueryResult } from '../../api/model';
import { DataTable } from '../../components/DataTable';
import { EmptyState } from '../../components/EmptyState';
import { Icon } from '../../components/Icon';
import { Position } from '../../components/Position';
import { nothingWords } from '../../lib/queryResult';
import { editColumns, type EditActions } from './editColumns';
import { fieldColumns, positionColumn } from './queryColumns';
import { isDraftRow, keyOf, nameOf, type Row } from './queryRow';
import classes from './QueryTable.module.css';
import { resultColumn } from './resultColumn';
import { RowProblem } from './RowProblem';

interface QueryTableProps {
  /** The whole list; positions are those in it. */
  rows: readonly Row[] | undefined;
  /** The rows that a search has found. */
  shown?: readonly Row[] | undefined;
  /** How much the saved queries returned. */
  counts?: readonly LastCount[];
  /** What came of the saved queries lately. */
  results?: readonly QueryResult[];
  edit?: EditActions;
  /** Adds the first query; without it, none can be added now. */
  onAdd?: (() => void) | undefined;
}

const MIN_WIDTH = 940;

export function QueryTable(props: QueryTableProps) {
  const { rows, shown = rows, counts = [], results = [], edit, onAdd } = props;
  const all = rows ?? [];
  const isNarrowed = shown !== undefined && shown.length < all.length;
  const drag = edit?.drag ?? null;
  const wordsById = new Map(results.map((each) => [each.query_id, nothingWords(each)]));
  const table = (
    <DataTable<Row>
      label="TQL queries"
      columns={
        edit === undefined
          ? [
              positionColumn((row) => <Position>{all.indexOf(row) + 1}</Position>),
              ...fieldColumns,
              resultColumn(counts, results),
            ]
          : editColumns(all, edit, isNarrowed)
      }
      rows={shown}
      rowKey={keyOf}
      minWidth={MIN_WIDTH}
      isStacked
      hasStickyHead={edit !== undefined}
      isQuiet={(row) => !row.is_enabled}
      {...(drag === null ? {} : { Group: drag.DragGroup })}
      below={(row) => {
        const messages = isDraftRow(row) ? edit?.messages.get(row.key) : undefined;
        if (messages !== undefined) return <RowProblem messages={messages} />;
        const words = isDraftRow(row) ? null : wordsById.get(row.id);
        return words == null ? null : <NothingSent words={words} />;
      }}
      empty={
        all.length > 0 ? (
          <NothingFound />
        ) : (
          <NoQueries onAdd={edit === undefined ? onAdd : undefined} />
        )
      }
    />
  );
  if (edit === undefined || drag === null || shown === undefined) return table;
  return (
    <drag.DragArea
      items={shown.map((row) => ({ key: keyOf(row), name: nameOf(row, all) }))}
      onMove={edit.onMoveTo}
    >
      {table}
    </drag.DragArea>
  );
}

function NothingSent({ words }: { words: string }) {
  return (
    <div className={classes.mark}>
      <Icon name="warning" size={14} />
      {words}
    </div>
  );
}

function NothingFound() {
  return (
    <EmptyState title="No matching queries">
      <Text size="sm" c="dimmed">
        No query has these words in its name, note, TQL, owners or types.
      </Text>
    </EmptyState>
  );
}

function NoQueries({ onAdd }: { onAdd: (() => void) | undefined }) {
  return (
    <EmptyState title="No queries yet">
      <Text size="sm" c="dimmed">
        Queries choose which Indicators, from which owners, go to Microsoft Sentinel.
      </Text>
      {onAdd !== undefined && (
        <Button mt="md" leftSection={<Icon name="plus" />} onClick={onAdd}>
          Add the first query
        </Button>
      )}
    </EmptyState>
  );
}
