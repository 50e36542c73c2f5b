/** The alerts behind one matched Indicator, page by page. */
import { useState } from 'react';

import { useMatchedAlerts, type MatchFilter } from '../../api/match';
import type { MatchedIndicator } from '../../api/model';
import type { Place } from '../../api/report';
import { alertColumns } from '../../components/alertColumns';
import { DataTable } from '../../components/DataTable';
import { EmptyState } from '../../components/EmptyState';
import { ErrorPanel } from '../../components/ErrorPanel';
import { Pager } from '../../components/Pager';
import { RowDetails } from '../../components/RowDetails';

interface AlertTableProps {
  matched: MatchedIndicator;
  filter: MatchFilter;
}

export function AlertTable({ matched, filter }: AlertTableProps) {
  const [place, setPlace] = useState<Place>({ limit: 20, offset: 0 });
  const alerts = useMatchedAlerts(matched.id ?? '', filter, place);
  if (alerts.error !== null && alerts.data === undefined) {
    return (
      <ErrorPanel
        error={alerts.error}
        onRetry={() => void alerts.refetch()}
        isRetrying={alerts.isFetching}
      />
    );
  }
  return (
    <RowDetails>
      <DataTable
        label={`Alerts of ${matched.summary ?? ''}`}
        columns={alertColumns}
        rows={alerts.data?.data}
        rowKey={(alert) => alert.id}
        isFixed
        isStacked
        empty={<EmptyState title="There is currently no data to display." />}
      />
      {alerts.data !== undefined && alerts.data.total_count > place.limit && (
        <Pager
          noun="alert"
          total={alerts.data.total_count}
          limit={place.limit}
          offset={place.offset}
          onChange={setPlace}
        />
      )}
    </RowDetails>
  );
}
