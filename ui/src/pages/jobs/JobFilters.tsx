/** Filters above the table; each acts at once and can be cleared by itself. */
import { Button, MultiSelect } from '@mantine/core';

import type { JobFilter } from '../../api/job';
import { FilterSelect } from '../../components/FilterSelect';
import { QueryFilter } from '../../components/QueryFilter';
import { RangeFilter } from '../../components/RangeFilter';
import { SearchField } from '../../components/SearchField';
import { UpdateFilter } from '../../components/UpdateFilter';
import { isFiltered, jobTypes, modes, noFilter } from '../../lib/jobFilter';
import { jobStatuses, statusesOf, statusSlug } from '../../lib/status';
import { setParams } from '../../shell/router';

/** A changed filter begins at its first page, with what is unfolded at first. */
function setFilter(change: Record<string, string | readonly string[]>): void {
  setParams({ ...change, offset: '', fold: [], unfold: [] });
}

export function JobFilters({ filter }: { filter: JobFilter }) {
  return (
    <>
      <RangeFilter range={filter.range} onChange={setFilter} />
      <QueryFilter queryId={filter.queryId} onChange={(value) => setFilter({ query_id: value })} />
      <MultiSelect
        label="Status"
        w={filter.status.length > 1 ? 340 : 220}
        placeholder={filter.status.length === 0 ? 'All' : ''}
        clearable
        data={jobStatuses}
        value={[...filter.status]}
        clearButtonProps={{ 'aria-label': 'Clear Status' }}
        onChange={(chosen) =>
          setFilter({
            status: statusesOf(chosen.map((name) => statusSlug(name as never))).map(statusSlug),
          })
        }
      />
      <SearchField
        label="Request ID"
        placeholder="Part of it"
        value={filter.requestId}
        onChange={(value) => setFilter({ request_id: value })}
      />
      <FilterSelect
        label="Job Type"
        width={130}
        data={jobTypes}
        value={filter.jobType}
        onChange={(value) => setFilter({ job_type: value })}
      />
      <FilterSelect
        label="Update"
        width={130}
        data={modes}
        value={filter.mode}
        onChange={(value) => setFilter({ mode: value })}
      />
      <UpdateFilter
        updateId={filter.updateId}
        onChange={(value) => setFilter({ update_id: value })}
      />
      {isFiltered(filter) && (
        <Button variant="subtle" onClick={() => setFilter(noFilter)}>
          Clear all
        </Button>
      )}
    </>
  );
}
