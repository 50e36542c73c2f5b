/** The answers to many values: a line for each, with filter, order, details and a file of all. */
import { Button, Select, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { serviceOf } from '../../api/health';
import { useLookup } from '../../api/indicator';
import type { LookupReply, LookupRow } from '../../api/model';
import { DataTable } from '../../components/DataTable';
import { ErrorPanel } from '../../components/ErrorPanel';
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
import { resultColumns } from './columns';
import { Details } from './Details';
import classes from './LookupPage.module.css';
import { SourceNotice } from './SourceNotice';

const orders: { value: RowOrder; label: string }[] = [
  { value: 'pasted', label: 'As pasted' },
  { value: 'verdict', label: 'By verdict' },
];

export function Results({ values }: { values: readonly string[] }) {
  const { query, progress } = useLookup(values);
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
      {reply !== null && <Answers reply={reply} />}
    </>
  );
}

function Answers({ reply }: { reply: LookupReply }) {
  const { rows, queries, source_error: sourceError } = reply;
  const [verdict, setVerdict] = useState<VerdictName | null>(null);
  const [order, setOrder] = useState<RowOrder>('pasted');
  const [open, setOpen] = useState<string | null>(null);
  const client = useQueryClient();
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
      <div className="app-filters">
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
        <div className="app-filters-end">
          <Button
            variant="default"
            leftSection={<Icon name="download" />}
            onClick={() => void download()}
          >
            Download CSV
          </Button>
        </div>
      </div>
      <DataTable<LookupRow>
        label="Answers"
        columns={resultColumns(queries, open, toggle)}
        rows={shownRows(rows, verdict, order)}
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
        minWidth={1120}
        isFixed
        empty={null}
      />
    </>
  );
}
