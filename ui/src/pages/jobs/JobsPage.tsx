/** JOBS: every update as a line, with its Jobs below; filters and what is unfolded are in the address. */
import { Button, Table, Text } from '@mantine/core';
import { useState } from 'react';

import { getAllJobs, useListedJob, useRefreshJobs, useUpdates } from '../../api/job';
import type { Job, Update } from '../../api/model';
import { TableFrame, WaitingRows } from '../../components/DataTable';
import { DownloadMenu, type DownloadFormat } from '../../components/DownloadMenu';
import { EmptyState } from '../../components/EmptyState';
import { ErrorPanel } from '../../components/ErrorPanel';
import { FilterBar } from '../../components/FilterBar';
import { Icon } from '../../components/Icon';
import { PageHeader } from '../../components/PageHeader';
import { Pager } from '../../components/Pager';
import { RefreshControl } from '../../components/RefreshControl';
import { StaleNotice } from '../../components/StaleNotice';
import { TimeText } from '../../components/TimeText';
import { csvText } from '../../lib/csv';
import { jobCells, jobHeading, type JobAction } from '../../lib/jobAction';
import { filterOf, isFiltered, isNarrowed, withSort } from '../../lib/jobFilter';
import { unfoldedAtFirst } from '../../lib/updateSentence';
import { setParams, useRoute } from '../../shell/router';
import { AddRequestDialog } from './AddRequestDialog';
import { ColumnMenu } from './ColumnMenu';
import { jobColumns, tableWidth, useShownColumns } from './columns';
import { JobActionDialog } from './JobActionDialog';
import { JobDrawer } from './JobDrawer';
import { JobFilters } from './JobFilters';
import { UpdateGroup } from './UpdateGroup';
import classes from './UpdateGroup.module.css';

const formats: readonly DownloadFormat<Job>[] = [
  {
    name: 'CSV',
    ending: 'csv',
    type: 'text/csv',
    textOf: (jobs) => csvText(jobHeading, jobs.map(jobCells)),
  },
];

export function JobsPage() {
  const { params } = useRoute();
  const filter = filterOf(params);
  const openId = params.get('open');
  const updates = useUpdates(filter);
  const listed = useListedJob(openId);
  const folding = useFolding(updates.data?.data ?? [], params, isNarrowed(filter));
  const [isAdding, setIsAdding] = useState(false);
  const [asked, setAsked] = useState<{ job: Job; action: JobAction } | null>(null);
  const shown = useShownColumns();
  const refresh = useRefreshJobs();

  const toggle = (job: Job) => setParams({ open: job.request_id === openId ? '' : job.request_id });

  const ask = (job: Job, action: JobAction) => setAsked({ job, action });
  const columns = jobColumns(shown.keys, openId, toggle, ask);

  return (
    <>
      <PageHeader
        title="Jobs"
        summary="Every update, one Job per query"
        help={['Update', 'Job status', 'Outcome']}
      >
        <RefreshControl
          updatedAtMs={updates.dataUpdatedAt}
          isRefreshing={updates.isFetching}
          onRefresh={refresh}
        />
        <Button leftSection={<Icon name="plus" />} onClick={() => setIsAdding(true)}>
          Add Request
        </Button>
      </PageHeader>
      <StaleNotice
        error={updates.error}
        updatedAtMs={updates.dataUpdatedAt}
        isRetrying={updates.isFetching}
        onRetry={refresh}
      />
      <FilterBar
        end={
          <>
            <ColumnMenu shown={shown} />
            <DownloadMenu
              noun="Job"
              content="jobs"
              formats={formats}
              getRows={(walk) => getAllJobs(filter, walk)}
            />
          </>
        }
      >
        <JobFilters filter={filter} />
      </FilterBar>
      {updates.error !== null && updates.data === undefined ? (
        <ErrorPanel error={updates.error} onRetry={refresh} isRetrying={updates.isFetching} />
      ) : (
        <div className={classes.frame}>
          <TableFrame<Job>
            label="Jobs"
            columns={columns}
            minWidth={tableWidth(shown.keys)}
            isBusy={updates.data === undefined}
            sort={{
              field: filter.sort,
              order: filter.sortOrder,
              onSort: (field) => setParams(withSort(filter, field)),
            }}
          >
            {updates.data?.data.map((update) => (
              <UpdateGroup
                key={update.update_id}
                update={update}
                filter={filter}
                columns={columns}
                isUnfolded={folding.unfolded.has(update.update_id)}
                onFold={() => folding.toggle(update.update_id)}
                openJobId={openId}
                onJobClick={toggle}
              />
            ))}
            {(updates.data?.data.length ?? 0) === 0 && (
              <Table.Tbody>
                {updates.data === undefined ? (
                  <WaitingRows columns={columns.length} />
                ) : (
                  <Table.Tr>
                    <Table.Td colSpan={columns.length}>
                      <NoUpdates isFiltered={isFiltered(filter)} />
                    </Table.Td>
                  </Table.Tr>
                )}
              </Table.Tbody>
            )}
          </TableFrame>
        </div>
      )}
      {updates.data !== undefined && (
        <Pager
          noun="update"
          total={updates.data.total_count}
          limit={filter.limit}
          offset={filter.offset}
          onChange={(next) =>
            setParams({
              limit: String(next.limit),
              offset: next.offset > 0 ? String(next.offset) : '',
              fold: [],
              unfold: [],
            })
          }
        />
      )}
      {updates.data?.complete_since != null && (
        <Text size="sm" c="dimmed">
          Older updates were removed. The list is complete from{' '}
          <TimeText value={updates.data.complete_since} />.
        </Text>
      )}
      {openId !== null && (
        <JobDrawer
          requestId={openId}
          listed={listed}
          onAction={ask}
          onClose={() => setParams({ open: '' })}
        />
      )}
      {asked !== null && (
        <JobActionDialog job={asked.job} action={asked.action} onClose={() => setAsked(null)} />
      )}
      {isAdding && (
        <AddRequestDialog
          // Unfolded in the address too: it may end before the list shows it running.
          onAdded={(updateId) => setParams({ unfold: [...params.getAll('unfold'), updateId] })}
          onClose={() => setIsAdding(false)}
        />
      )}
    </>
  );
}

function NoUpdates({ isFiltered: isNoneFound }: { isFiltered: boolean }) {
  return (
    <EmptyState title="There is currently no data to display.">
      <Text size="sm" c="dimmed">
        {isNoneFound
          ? 'No update matches these filters.'
          : 'No updates yet. Add a query in CONFIGURE to start sending Indicators.'}
      </Text>
    </EmptyState>
  );
}

interface Folding {
  unfolded: ReadonlySet<string>;
  toggle: (updateId: string) => void;
}

/** What is unfolded: at first what needs to be seen, and what the reader chose since. */
function useFolding(updates: readonly Update[], params: URLSearchParams, isAll: boolean): Folding {
  // An update that ends while somebody looks stays as it is, so that nothing jumps.
  const [seen, setSeen] = useState<ReadonlySet<string>>(new Set());
  const fresh = unfoldedAtFirst(updates, false).filter((id) => !seen.has(id));
  if (fresh.length > 0) setSeen(new Set([...seen, ...fresh]));

  const folded = params.getAll('fold');
  const chosen = params.getAll('unfold');
  const unfolded = new Set([...seen, ...fresh, ...chosen, ...unfoldedAtFirst(updates, isAll)]);
  for (const id of folded) unfolded.delete(id);
  const toggle = (updateId: string) => {
    const others = (ids: readonly string[]) => ids.filter((id) => id !== updateId);
    setParams(
      unfolded.has(updateId)
        ? { fold: [...others(folded), updateId], unfold: others(chosen) }
        : { fold: others(folded), unfold: [...others(chosen), updateId] },
    );
  };
  return { unfolded, toggle };
}
