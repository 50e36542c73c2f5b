/** REPORTS, VERIFY: whether Sentinel has what was sent, and what to do where it has not. */
import { Skeleton, Text } from '@mantine/core';
import { useState } from 'react';

import type { Finding, FindingPage, Verification } from '../../api/model';
import { getAllFindings, useFindingPage, type FindingFilter } from '../../api/verification';
import { DataTable } from '../../components/DataTable';
import { DownloadMenu, type DownloadFormat } from '../../components/DownloadMenu';
import { EmptyState } from '../../components/EmptyState';
import { ErrorPanel } from '../../components/ErrorPanel';
import { FilterBar } from '../../components/FilterBar';
import { PageHeader } from '../../components/PageHeader';
import { Pager } from '../../components/Pager';
import { RefreshControl } from '../../components/RefreshControl';
import { StaleNotice } from '../../components/StaleNotice';
import { csvText } from '../../lib/csv';
import { findingCells, findingHeading, isContext } from '../../lib/finding';
import { findingFilterOf, isFindingFiltered } from '../../lib/findingFilter';
import { pageParams, type PageParams } from '../../lib/page';
import { findingCount } from '../../lib/verification';
import { setParams, useRoute } from '../../shell/router';
import { findingColumns } from './columns';
import { KindTable } from './KindTable';
import { SendAgain, SendOneDialog } from './SendAgain';
import { SendContextAgain, SendOneContextDialog } from './SendContext';
import { setFindingFilter, VerifyFilters } from './VerifyFilters';
import { VerifyState } from './VerifyState';

const formats: readonly DownloadFormat<Finding>[] = [
  {
    name: 'CSV',
    ending: 'csv',
    type: 'text/csv',
    textOf: (findings) => csvText(findingHeading, findings.map(findingCells)),
  },
];

export function VerifyPage() {
  const { params } = useRoute();
  const filter = findingFilterOf(params);
  const place = pageParams(params);
  const found = useFindingPage(filter, place);
  const refresh = () => void found.refetch();
  return (
    <>
      <PageHeader
        title="Verify"
        summary="Does Microsoft Sentinel have what was sent?"
        help={['Finding', 'Object type']}
      >
        <RefreshControl
          updatedAtMs={found.dataUpdatedAt}
          isRefreshing={found.isFetching}
          onRefresh={refresh}
        />
      </PageHeader>
      <StaleNotice
        error={found.error}
        updatedAtMs={found.dataUpdatedAt}
        isRetrying={found.isFetching}
        onRetry={refresh}
      />
      {found.data !== undefined ? (
        <Found page={found.data} filter={filter} place={place} />
      ) : found.error !== null ? (
        <ErrorPanel error={found.error} onRetry={refresh} isRetrying={found.isFetching} />
      ) : (
        <div role="status" aria-busy="true" aria-label="Loading the findings">
          <Skeleton height={150} mb="md" />
          <Skeleton height={240} />
        </div>
      )}
    </>
  );
}

interface FoundProps {
  page: FindingPage;
  filter: FindingFilter;
  place: PageParams;
}

function Found({ page, filter, place }: FoundProps) {
  const { verification: state } = page;
  const [toSend, setToSend] = useState<Finding | null>(null);
  const { complete } = state;
  return (
    <>
      <VerifyState state={state} />
      {complete !== null && findingCount(complete) > 0 && (
        <>
          <KindTable
            state={state}
            run={complete}
            chosen={filter.kind}
            onChoose={(kind) => setFindingFilter({ kind })}
          />
          <FilterBar
            end={
              <>
                {(filter.objectType === '' || filter.objectType === 'indicator') && (
                  <SendAgain filter={filter} count={page.count_sendable} />
                )}
                <SendContextAgain filter={filter} count={page.count_context_sendable} />
                <DownloadMenu
                  noun="finding"
                  content="findings"
                  formats={formats}
                  getRows={(walk) => getAllFindings(filter, walk)}
                />
              </>
            }
          >
            <VerifyFilters filter={filter} />
          </FilterBar>
          <DataTable<Finding>
            label="Findings"
            columns={findingColumns(setToSend)}
            rows={page.data}
            rowKey={(finding) => finding.id}
            minWidth={1180}
            isFixed
            isStacked
            empty={
              <EmptyState title="No findings">
                <Text size="sm" c="dimmed">
                  {isFindingFiltered(filter)
                    ? 'No finding matches these filters.'
                    : 'None of them is listed any more.'}
                </Text>
              </EmptyState>
            }
          />
          <Pager
            noun="finding"
            total={page.total_count}
            limit={place.limit}
            offset={place.offset}
            onChange={(next) =>
              setParams({ limit: String(next.limit), offset: String(next.offset) })
            }
          />
          {!isFindingFiltered(filter) && page.total_count < findingCount(complete) && (
            <Text size="sm" c="dimmed" mt="xs">
              All findings are counted; of each kind, 200,000 are listed.
            </Text>
          )}
        </>
      )}
      {complete === null && <NothingYet state={state} />}
      {toSend !== null &&
        (isContext(toSend) ? (
          <SendOneContextDialog finding={toSend} onClose={() => setToSend(null)} />
        ) : (
          <SendOneDialog finding={toSend} onClose={() => setToSend(null)} />
        ))}
    </>
  );
}

/** What stands in place of the findings before Verify has completed a run. */
function NothingYet({ state }: { state: Verification }) {
  const isOff = state.interval_hours === 0;
  return (
    <EmptyState title="No findings yet">
      <Text size="sm" c="dimmed">
        {isOff
          ? 'Verify does not run by itself. Verify now compares what Sentinel has with what was sent.'
          : 'Verify compares what Sentinel has with what was sent. It changes nothing.'}
      </Text>
    </EmptyState>
  );
}
