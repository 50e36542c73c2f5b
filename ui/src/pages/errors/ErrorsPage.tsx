/** REPORTS, ERRORS: what went wrong in Job requests, gathered by code and reason. */
import { Text } from '@mantine/core';

import type { ReportedError } from '../../api/model';
import { useReportedErrors } from '../../api/report';
import { CopyText } from '../../components/CopyText';
import { DataTable, type Column } from '../../components/DataTable';
import { EmptyState } from '../../components/EmptyState';
import { ErrorPanel } from '../../components/ErrorPanel';
import { LongText } from '../../components/LongText';
import { PageHeader } from '../../components/PageHeader';
import { Pager } from '../../components/Pager';
import { RefreshControl } from '../../components/RefreshControl';
import { SearchField } from '../../components/SearchField';
import { StaleNotice } from '../../components/StaleNotice';
import { TimeText } from '../../components/TimeText';
import { formatCount } from '../../lib/number';
import { pageParams } from '../../lib/page';
import { formatHash } from '../../lib/route';
import { setParams, useRoute } from '../../shell/router';

const columns: Column<ReportedError>[] = [
  {
    key: 'request_id',
    heading: 'Request ID',
    width: 100,
    cell: (row) => (
      <span className="app-inline">
        <a
          className="app-link app-mono"
          href={formatHash('jobs', { open: row.request_id })}
          aria-label={`Job ${row.request_id}`}
        >
          {row.request_id.slice(0, 8)}
        </a>
      </span>
    ),
  },
  {
    key: 'date_added',
    heading: 'Date Added',
    width: 100,
    cell: (row) => <TimeText value={row.date_added} isNarrow />,
  },
  {
    key: 'code',
    heading: 'Error Code',
    width: 96,
    cell: (row) => <span className="app-mono">{row.code}</span>,
  },
  { key: 'message', heading: 'Error Message', width: '20%', cell: (row) => row.message },
  {
    key: 'reason',
    heading: 'Error Reason',
    cell: (row) => <LongText text={row.reason} />,
  },
  {
    key: 'indicator',
    heading: 'Indicator',
    width: '26%',
    cell: (row) => <IndicatorCell row={row} />,
  },
  {
    key: 'count',
    heading: 'Times',
    align: 'right',
    width: 70,
    cell: (row) => formatCount(row.count),
  },
];

export function ErrorsPage() {
  const { params } = useRoute();
  const requestId = params.get('request_id') ?? '';
  const { limit, offset } = pageParams(params);
  const errors = useReportedErrors({ requestId, limit, offset });
  const refresh = () => void errors.refetch();
  const isFiltered = requestId !== '';

  return (
    <>
      <PageHeader title="Errors" summary="Errors that occurred for Job requests">
        <RefreshControl
          updatedAtMs={errors.dataUpdatedAt}
          isRefreshing={errors.isFetching}
          onRefresh={refresh}
        />
      </PageHeader>
      <StaleNotice
        error={errors.error}
        updatedAtMs={errors.dataUpdatedAt}
        isRetrying={errors.isFetching}
        onRetry={refresh}
      />
      <div className="app-filters">
        <SearchField
          label="Request ID"
          placeholder="Part of it"
          value={requestId}
          onChange={(value) => setParams({ request_id: value, offset: '' })}
        />
      </div>
      {errors.error !== null && errors.data === undefined ? (
        <ErrorPanel error={errors.error} onRetry={refresh} isRetrying={errors.isFetching} />
      ) : (
        <DataTable
          label="Errors"
          columns={columns}
          rows={errors.data?.data}
          rowKey={(row) => `${row.request_id} ${row.code} ${row.reason}`}
          minWidth={900}
          isFixed
          empty={
            <EmptyState title="There is currently no data to display.">
              <Text size="sm" c="dimmed">
                {isFiltered
                  ? 'No error belongs to such a Request ID.'
                  : 'No Job request has met an error.'}
              </Text>
            </EmptyState>
          }
        />
      )}
      {errors.data !== undefined && (
        <Pager
          noun="errors"
          total={errors.data.total_count}
          limit={limit}
          offset={offset}
          onChange={(next) => setParams({ limit: String(next.limit), offset: String(next.offset) })}
        />
      )}
    </>
  );
}

/** The first few Indicators behind the error; an error of a whole request has none. */
function IndicatorCell({ row }: { row: ReportedError }) {
  const rest = row.count - row.indicators.length;
  return (
    <ul className="app-plain-list">
      {row.indicators.map((indicator, index) => (
        <li key={index}>
          <CopyText what="Indicator" value={indicator.summary ?? indicator.id ?? ''} />
          <Text size="xs" c="dimmed">
            {[indicator.type, indicator.owner].filter(Boolean).join(', ')}
          </Text>
        </li>
      ))}
      {row.indicators.length > 0 && rest > 0 && (
        <li>
          <Text size="xs" c="dimmed">
            and {formatCount(rest)} more
          </Text>
        </li>
      )}
    </ul>
  );
}
