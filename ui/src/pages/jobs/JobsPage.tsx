/** JOBS: what every update did and is doing, with filters that are kept in the address. */
import { Button, Text } from '@mantine/core';
import { useState } from 'react';

import { getAllJobs, useJobs } from '../../api/job';
import type { Job } from '../../api/model';
import { DataTable } from '../../components/DataTable';
import { DownloadMenu, type DownloadFormat } from '../../components/DownloadMenu';
import { EmptyState } from '../../components/EmptyState';
import { ErrorPanel } from '../../components/ErrorPanel';
import { Icon } from '../../components/Icon';
import { PageHeader } from '../../components/PageHeader';
import { Pager } from '../../components/Pager';
import { RefreshControl } from '../../components/RefreshControl';
import { StaleNotice } from '../../components/StaleNotice';
import { csvText } from '../../lib/csv';
import { jobCells, jobHeading, type JobAction } from '../../lib/jobAction';
import { filterOf, isFiltered, withSort } from '../../lib/jobFilter';
import { setParams, useRoute } from '../../shell/router';
import { AddRequestDialog } from './AddRequestDialog';
import { ColumnMenu } from './ColumnMenu';
import { jobColumns, tableWidth, useShownColumns } from './columns';
import { JobActionDialog } from './JobActionDialog';
import { JobDrawer } from './JobDrawer';
import { JobFilters } from './JobFilters';

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
  const jobs = useJobs(filter);
  const [isAdding, setIsAdding] = useState(false);
  const [asked, setAsked] = useState<{ job: Job; action: JobAction } | null>(null);
  const shown = useShownColumns();
  const refresh = () => void jobs.refetch();

  const toggle = (job: Job) => setParams({ open: job.request_id === openId ? '' : job.request_id });

  const ask = (job: Job, action: JobAction) => setAsked({ job, action });

  return (
    <>
      <PageHeader title="Jobs" summary="One Job for each TQL query of an update">
        <RefreshControl
          updatedAtMs={jobs.dataUpdatedAt}
          isRefreshing={jobs.isFetching}
          onRefresh={refresh}
        />
        <Button leftSection={<Icon name="plus" />} onClick={() => setIsAdding(true)}>
          Add Request
        </Button>
      </PageHeader>
      <StaleNotice
        error={jobs.error}
        updatedAtMs={jobs.dataUpdatedAt}
        isRetrying={jobs.isFetching}
        onRetry={refresh}
      />
      <div className="app-filters">
        <JobFilters filter={filter} />
        <div className="app-filters-end">
          <ColumnMenu shown={shown} />
          <DownloadMenu
            noun="Job"
            content="jobs"
            formats={formats}
            getRows={(walk) => getAllJobs(filter, walk)}
          />
        </div>
      </div>
      {jobs.error !== null && jobs.data === undefined ? (
        <ErrorPanel error={jobs.error} onRetry={refresh} isRetrying={jobs.isFetching} />
      ) : (
        <DataTable<Job>
          label="Jobs"
          columns={jobColumns(shown.keys, openId, toggle, ask)}
          rows={jobs.data?.data}
          rowKey={(job) => job.request_id}
          onRowClick={toggle}
          openKey={openId}
          minWidth={tableWidth(shown.keys)}
          sort={{
            field: filter.sort,
            order: filter.sortOrder,
            onSort: (field) => setParams({ ...withSort(filter, field), offset: '' }),
          }}
          empty={
            <EmptyState title="There is currently no data to display.">
              <Text size="sm" c="dimmed">
                {isFiltered(filter)
                  ? 'No Job matches these filters.'
                  : 'Jobs appear with the first update of a saved TQL query.'}
              </Text>
            </EmptyState>
          }
        />
      )}
      {jobs.data !== undefined && (
        <Pager
          noun="Job"
          total={jobs.data.total_count}
          limit={filter.limit}
          offset={filter.offset}
          onChange={(next) =>
            setParams({
              limit: String(next.limit),
              offset: next.offset > 0 ? String(next.offset) : '',
            })
          }
        />
      )}
      {openId !== null && (
        <JobDrawer
          requestId={openId}
          listed={jobs.data?.data.find((job) => job.request_id === openId)}
          onAction={ask}
          onClose={() => setParams({ open: '' })}
        />
      )}
      {asked !== null && (
        <JobActionDialog job={asked.job} action={asked.action} onClose={() => setAsked(null)} />
      )}
      {isAdding && <AddRequestDialog onClose={() => setIsAdding(false)} />}
    </>
  );
}
