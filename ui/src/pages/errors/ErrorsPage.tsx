/** REPORTS, ERRORS: what went wrong in Job requests, gathered by code and reason. */
import { Text } from '@mantine/core';

import type { ReportedEntry, ReportedError } from '../../api/model';
import { getAllEntries, retryBodyOf, useReportedErrors, type ErrorFilter } from '../../api/report';
import { DataTable } from '../../components/DataTable';
import { DownloadMenu, type DownloadFormat } from '../../components/DownloadMenu';
import { EmptyState } from '../../components/EmptyState';
import { ErrorPanel } from '../../components/ErrorPanel';
import { FilterBar } from '../../components/FilterBar';
import { PageHeader } from '../../components/PageHeader';
import { Pager } from '../../components/Pager';
import { RefreshControl } from '../../components/RefreshControl';
import { SendRefused } from '../../components/SendRefused';
import { StaleNotice } from '../../components/StaleNotice';
import { csvText } from '../../lib/csv';
import { entryCells, entryHeading } from '../../lib/entry';
import { errorFilterOf, isErrorFiltered } from '../../lib/errorFilter';
import { pageParams } from '../../lib/page';
import { setParams, useRoute } from '../../shell/router';
import { errorColumns } from './columns';
import { EntryTable } from './EntryTable';
import { ErrorFilters } from './ErrorFilters';

const formats: readonly DownloadFormat<ReportedEntry>[] = [
  {
    name: 'CSV',
    ending: 'csv',
    type: 'text/csv',
    textOf: (entries) => csvText(entryHeading, entries.map(entryCells)),
  },
  {
    name: 'JSON',
    ending: 'json',
    type: 'application/json',
    textOf: (entries) => JSON.stringify(entries, null, 2),
  },
];

export function ErrorsPage() {
  const { params } = useRoute();
  const filter = errorFilterOf(params);
  const place = pageParams(params);
  const openId = params.get('open');
  const errors = useReportedErrors(filter, place);
  const refresh = () => void errors.refetch();
  const toggle = (row: ReportedError) => setParams({ open: row.id === openId ? '' : row.id });

  return (
    <>
      <PageHeader
        title="Errors"
        help={['Error state']}
        summary="What went wrong, what is tried again, and what needs you"
      >
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
      <FilterBar
        end={
          <>
            {errors.data !== undefined && (
              <SendRefused
                body={retryBodyOf(filter)}
                count={errors.data.count_refused}
                underWay={errors.data.retry_request_id}
              />
            )}
            <DownloadMenu
              noun="error"
              content="errors"
              formats={formats}
              getRows={(walk) => getAllEntries(filter, walk)}
            />
          </>
        }
      >
        <ErrorFilters filter={filter} />
      </FilterBar>
      {errors.error !== null && errors.data === undefined ? (
        <ErrorPanel error={errors.error} onRetry={refresh} isRetrying={errors.isFetching} />
      ) : (
        <DataTable<ReportedError>
          label="Errors"
          columns={errorColumns(openId, toggle)}
          rows={errors.data?.data}
          rowKey={(row) => row.id}
          onRowClick={(row) => {
            if (row.indicators.length > 0) toggle(row);
          }}
          openKey={openId}
          below={(row) =>
            row.id === openId &&
            row.indicators.length > 0 && <EntryTable key={row.id} error={row} filter={filter} />
          }
          minWidth={1280}
          isFixed
          isStacked
          empty={
            <EmptyState title={filter.state === 'open' ? 'No open errors' : 'No errors'}>
              <Text size="sm" c="dimmed">
                {emptyWords(filter)}
              </Text>
            </EmptyState>
          }
        />
      )}
      {errors.data !== undefined && (
        <Pager
          noun="error"
          total={errors.data.total_count}
          limit={place.limit}
          offset={place.offset}
          onChange={(next) => setParams({ limit: String(next.limit), offset: String(next.offset) })}
        />
      )}
    </>
  );
}

function emptyWords(filter: ErrorFilter): string {
  if (isErrorFiltered(filter)) return 'No error matches these filters.';
  if (filter.state === 'open') return 'Choose the state All to see earlier ones.';
  return filter.state === 'all' ? 'No Job has had an error.' : `No error is ${filter.state}.`;
}
