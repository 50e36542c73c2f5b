/** The answers to many values: a line for each, with filter, order, details and a file of all. */
import { Button, Select, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { serviceOf } from '../../api/health';
import { useLookup } from '../../api/indicator';
import type { LookupReply, LookupRow } from '../../api/model';
import { DataTable } from '../../components/DataTable';
import { ErrorPanel } from '../../components/ErrorPanel';
import { FilterBar } from '../../components/FilterBar';
import { Icon } from '../../components/Icon';
import { csvText } from '../../lib/csv';
import { downloadName } from '../../lib/fileName';
import {
  countWords,
  lookupCells,
  lookupHeading,
  shownRows,
  verdictCounts,
  verdictFace,
  type RowOrder,
  type VerdictName,
} from '../../lib/lookup';
import { counted, formatCount } from '../../lib/number';
import { saveFile } from '../../shell/saveFile';
import { showToast } from '../../shell/toast';
import { resultColumns, SelectAll } from './columns';
import { Details } from './Details';
import classes from './LookupPage.module.css';
import { SourceNotice } from './SourceNotice';
import { ValueActions } from './ValueActions';

const orders: { value: RowOrder; label: string }[] = [
  { value: 'pasted', label: 'As pasted' },
  { value: 'verdict', label: 'By verdict' },
];

interface ResultsProps {
  /** Names the list that the values are of. */
  list: string;
  values: readonly string[];
}

export function Results({ list, values }: ResultsProps) {
  const { query, progress } = useLookup(list, values);
  const reply = query.data ?? progress.reply;
  return (
    <>
      {query.isFetching && (
        <div className={classes.actions} role="status">
          <progress
            className={classes.bar}
            aria-label="Values looked up"
            max={values.length}
            value={progress.done}
          />
          <Text size="sm" c="dimmed">
            {formatCount(progress.done)} of {counted(values.length, 'value')} looked up
          </Text>
        </div>
      )}
      {query.error !== null && (
        <ErrorPanel
          error={query.error}
          onRetry={() => void query.refetch()}
          isRetrying={query.isFetching}
        />
      )}
      {reply !== null && (
        <Answers reply={reply} onAgain={() => void query.refetch()} isBusy={query.isFetching} />
      )}
    </>
  );
}

interface AnswersProps {
  reply: LookupReply;
  onAgain: () => void;
  isBusy: boolean;
}

function Answers({ reply, onAgain, isBusy }: AnswersProps) {
  const { rows, queries, source_error: sourceError } = reply;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [verdict, setVerdict] = useState<VerdictName | null>(null);
  const [order, setOrder] = useState<RowOrder>('pasted');
  const [open, setOpen] = useState<string | null>(null);
  const client = useQueryClient();
  const shown = shownRows(rows, verdict, order);
  const choice = {
    has: (row: LookupRow) => chosen.has(row.value),
    isAll: shown.length > 0 && shown.every((row) => chosen.has(row.value)),
    isSome: shown.some((row) => chosen.has(row.value)),
    set: (several: readonly LookupRow[], isChosen: boolean) => {
      const next = new Set(chosen);
      for (const { value } of several) {
        if (isChosen) next.add(value);
        else next.delete(value);
      }
      setChosen(next);
    },
  };
  const toggle = (row: LookupRow) => setOpen(row.value === open ? null : row.value);
  const download = async () => {
    const name = downloadName('lookup', await serviceOf(client));
    const lines = rows.map((row) => lookupCells(row, queries));
    saveFile(`${name}.csv`, 'text/csv', csvText(lookupHeading, lines));
    showToast({
      tone: 'good',
      title: 'Downloaded',
      text: `${counted(rows.length, 'value')} as CSV.`,
    });
  };
  return (
    <>
      {sourceError !== null && <SourceNotice error={sourceError} />}
      <FilterBar
        end={
          <>
            <ValueActions rows={shown.filter(choice.has)} isChosen />
            <Button
              variant="default"
              leftSection={<Icon name="refresh" />}
              loading={isBusy}
              onClick={onAgain}
            >
              Look up again
            </Button>
            <Button
              variant="default"
              leftSection={<Icon name="download" />}
              onClick={() => void download()}
            >
              Download CSV
            </Button>
          </>
        }
      >
        <Select
          label="Verdict"
          w={210}
          placeholder="All"
          clearable
          data={verdictCounts(rows).map(({ verdict: value, count }) => ({
            value,
            label: `${verdictFace(value).name} (${formatCount(count)})`,
          }))}
          value={verdict}
          clearButtonProps={{ 'aria-label': 'Clear Verdict' }}
          onChange={(value) => setVerdict(value)}
        />
        <Select
          label="Order"
          w={140}
          allowDeselect={false}
          data={orders}
          value={order}
          onChange={(value) => setOrder(value ?? 'pasted')}
        />
        <Text size="sm" role="status" pb={7}>
          {countWords(rows)}
        </Text>
      </FilterBar>
      <div className={classes.narrowOnly}>
        <SelectAll rows={shown} choice={choice} label="Select all values" />
      </div>
      <DataTable<LookupRow>
        label="Answers"
        columns={resultColumns({ rows: shown, queries, open, toggle, choice })}
        rows={shown}
        rowKey={(row) => row.value}
        onRowClick={toggle}
        openKey={open}
        below={(row) =>
          row.value === open && (
            <div className={classes.details}>
              <Details value={row.given} isBelowRow />
            </div>
          )
        }
        minWidth={960}
        isFixed
        isStacked
        empty={null}
      />
    </>
  );
}
