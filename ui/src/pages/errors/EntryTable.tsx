/** All Indicators behind one line of the report, page by page. */
import { useState } from 'react';

import type { ReportedEntry, ReportedError } from '../../api/model';
import { useReportedEntries, type ErrorFilter, type Place } from '../../api/report';
import { DataTable, type Column } from '../../components/DataTable';
import { EmptyState } from '../../components/EmptyState';
import { ErrorPanel } from '../../components/ErrorPanel';
import { Pager } from '../../components/Pager';
import { TimeText } from '../../components/TimeText';
import { typeLabel } from '../../lib/label';
import { IndicatorName } from './IndicatorName';

const columns: Column<ReportedEntry>[] = [
  {
    key: 'indicator',
    heading: 'Indicator',
    cell: (entry) => entry.indicator && <IndicatorName indicator={entry.indicator} />,
  },
  {
    key: 'type',
    heading: 'Type',
    width: 130,
    cell: (entry) => typeLabel(entry.indicator?.type ?? ''),
  },
  {
    key: 'owner',
    heading: 'Owner',
    width: '28%',
    cell: (entry) => <bdi className="app-words">{entry.indicator?.owner}</bdi>,
  },
  {
    key: 'date_added',
    heading: 'Date Added',
    width: 190,
    cell: (entry) => <TimeText value={entry.date_added} />,
  },
];

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
  return (
    <div className="app-nested">
      <DataTable
        label={`Indicators with the error ${error.code}`}
        columns={columns}
        rows={entries.data?.data}
        rowKey={(entry) => entry.id}
        isFixed
        empty={<EmptyState title="There is currently no data to display." />}
      />
      {entries.data !== undefined && entries.data.total_count > place.limit && (
        <Pager
          noun="Indicators"
          total={entries.data.total_count}
          limit={place.limit}
          offset={place.offset}
          onChange={setPlace}
        />
      )}
    </div>
  );
}
