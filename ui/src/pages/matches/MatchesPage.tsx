/** REPORTS, MATCHES: which of our Indicators alerts of Sentinel are about. */
import { Text } from '@mantine/core';

import { getAllMatches, useMatches } from '../../api/match';
import type { MatchedIndicator, MatchRun } from '../../api/model';
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
import { matchCells, matchHeading } from '../../lib/match';
import { matchStage } from '../../lib/matchStage';
import { isMatchFiltered, matchFilterOf, withMatchSort } from '../../lib/matchFilter';
import { pageParams } from '../../lib/page';
import { setParams, useRoute } from '../../shell/router';
import { AlertTable } from './AlertTable';
import { matchColumns } from './columns';
import { MatchFilters } from './MatchFilters';
import { MatchState } from './MatchState';

const formats: readonly DownloadFormat<MatchedIndicator>[] = [
  {
    name: 'CSV',
    ending: 'csv',
    type: 'text/csv',
    textOf: (matches) => csvText(matchHeading, matches.map(matchCells)),
  },
];

export function MatchesPage() {
  const { params } = useRoute();
  const filter = matchFilterOf(params);
  const place = pageParams(params);
  const openId = params.get('open');
  const matches = useMatches(filter, place);
  const refresh = () => void matches.refetch();
  const toggle = ({ id }: MatchedIndicator) => setParams({ open: id === openId ? '' : (id ?? '') });

  return (
    <>
      <PageHeader
        title="Matches"
        summary="Which Indicators are alerts of Microsoft Sentinel about?"
        help={['Match', 'Severity']}
      >
        <RefreshControl
          updatedAtMs={matches.dataUpdatedAt}
          isRefreshing={matches.isFetching}
          onRefresh={refresh}
        />
      </PageHeader>
      <StaleNotice
        error={matches.error}
        updatedAtMs={matches.dataUpdatedAt}
        isRetrying={matches.isFetching}
        onRetry={refresh}
      />
      {matches.data !== undefined && <MatchState run={matches.data.run} />}
      <FilterBar
        end={
          <DownloadMenu
            noun="match"
            nouns="matches"
            content="matches"
            formats={formats}
            getRows={(walk) => getAllMatches(filter, walk)}
          />
        }
      >
        <MatchFilters filter={filter} />
      </FilterBar>
      {matches.error !== null && matches.data === undefined ? (
        <ErrorPanel error={matches.error} onRetry={refresh} isRetrying={matches.isFetching} />
      ) : (
        <DataTable<MatchedIndicator>
          label="Matches"
          columns={matchColumns(openId, toggle)}
          rows={matches.data?.data}
          rowKey={(matched) => matched.id ?? ''}
          sort={{
            field: filter.sort,
            order: filter.sortOrder,
            onSort: (field) => setParams({ ...withMatchSort(filter, field), offset: '', open: '' }),
          }}
          onRowClick={toggle}
          openKey={openId}
          below={(matched) =>
            matched.id === openId && (
              <AlertTable key={matched.id} matched={matched} filter={filter} />
            )
          }
          minWidth={1180}
          isFixed
          isStacked
          empty={
            <EmptyState title="No matches">
              <Text size="sm" c="dimmed">
                {matches.data !== undefined &&
                  emptyWords(isMatchFiltered(filter), matches.data.run)}
              </Text>
            </EmptyState>
          }
        />
      )}
      {matches.data !== undefined && (
        <Pager
          noun="Indicator"
          total={matches.data.total_count}
          limit={place.limit}
          offset={place.offset}
          onChange={(next) =>
            setParams({ limit: String(next.limit), offset: String(next.offset), open: '' })
          }
        />
      )}
    </>
  );
}

function emptyWords(isFiltered: boolean, run: MatchRun): string {
  if (isFiltered) return 'No match passes these filters.';
  const stage = matchStage(run);
  if (stage === 'off') return 'Match does not run by itself. Run it in TASKS.';
  if (stage === 'never' || run.date_completed === null) return 'Match has not completed a run yet.';
  return 'No alert that was read is about an Indicator that was sent.';
}
