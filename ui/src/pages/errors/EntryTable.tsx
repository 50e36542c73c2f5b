/** All Indicators behind one line of the report, page by page. */
import { useState } from 'react';

import type { ReportedEntry, ReportedError } from '../../api/model';
import { useReportedEntries, type ErrorFilter, type Place } from '../../api/report';
import { DataTable, type Column } from '../../components/DataTable';
import { EmptyState } from '../../components/EmptyState';
import { ErrorPanel } from '../../components/ErrorPanel';
import { LongText } from '../../components/LongText';
import { Pager } from '../../components/Pager';
import { RowDetails } from '../../components/RowDetails';
import { TimeText } from '../../components/TimeText';
import { Words } from '../../components/Words';
import { typeLabel } from '../../lib/label';
import { IndicatorName } from '../../components/IndicatorName';
import { StateBadge } from './StateCell';

const columns: Column<ReportedEntry>[] = [
  {
    key: 'indicator',
    heading: 'Indicator',
    cell: (entry) => entry.indicator && <IndicatorName indicator={entry.indicator} />,
  },
  {
    key: 'type',
    heading: 'Type',
    width: 116,
    cell: (entry) => typeLabel(entry.indicator?.type ?? ''),
  },
  {
    key: 'owner',
    heading: 'Owner',
    width: '17%',
    cell: (entry) => <Words>{entry.indicator?.owner}</Words>,
  },
  {
    key: 'state',
    heading: 'State',
    width: 132,
    cell: (entry) => <StateBadge state={entry.state} />,
  },
  {
    key: 'date_added',
    heading: 'Date Added',
    width: 100,
    cell: (entry) => <TimeText value={entry.date_added} isNarrow />,
  },
];

/** The whole words, where the line of the report leaves out what differs. */
const words: Column<ReportedEntry> = {
  key: 'words',
  heading: 'In full',
  width: '38%',
  cell: (entry) => <LongText text={[entry.message, entry.reason].filter(Boolean).at(-1) ?? ''} />,
};

interface EntryTableProps {
  error: ReportedError;
  filter: ErrorFilter;
}

export function EntryTable({ error, filter }: EntryTableProps) {
  const [place, setPlace] = useState<Place>({ limit: 20, offset: 0 });
  const entries = useReportedEntries(error.id, filter, place);
  if (entries.error !== null && entries.data === undefined) {
    return (
      <ErrorPanel
        error={entries.error}
        onRetry={() => void entries.refetch()}
        isRetrying={entries.isFetching}
      />
    );
  }
  const rows = entries.data?.data;
  const isVaried = rows?.some(
    (entry) => entry.reason !== error.reason || entry.message !== error.message,
  );
  return (
    <RowDetails>
      <DataTable
        label={`Indicators with the error ${error.code}`}
        columns={isVaried === true ? [...columns, words] : columns}
        rows={rows}
        rowKey={(entry) => entry.id}
        isFixed
        empty={<EmptyState title="There is currently no data to display." />}
      />
      {entries.data !== undefined && entries.data.total_count > place.limit && (
        <Pager
          noun="Indicator"
          total={entries.data.total_count}
          limit={place.limit}
          offset={place.offset}
          onChange={setPlace}
        />
      )}
    </RowDetails>
  );
}
