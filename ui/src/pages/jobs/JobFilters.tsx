/** Filters above the table; each acts at once and can be cleared by itself. */
import { Button, MultiSelect, Select } from '@mantine/core';

import type { JobFilter } from '../../api/job';
import { SearchField } from '../../components/SearchField';
import { isFiltered, jobTypes, modes } from '../../lib/jobFilter';
import { jobStatuses, statusesOf, statusSlug } from '../../lib/status';
import { setParams } from '../../shell/router';

/** A changed filter begins at its first page. */
function setFilter(change: Record<string, string | readonly string[]>): void {
  setParams({ ...change, offset: '' });
}

export function JobFilters({ filter }: { filter: JobFilter }) {
  return (
    <>
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
      <Select
        label="Job Type"
        w={130}
        placeholder="All"
        clearable
        data={[...jobTypes]}
        value={filter.jobType === '' ? null : filter.jobType}
        clearButtonProps={{ 'aria-label': 'Clear Job Type' }}
        onChange={(value) => setFilter({ job_type: value ?? '' })}
      />
      <Select
        label="Update"
        w={130}
        placeholder="All"
        clearable
        data={[...modes]}
        value={filter.mode === '' ? null : filter.mode}
        clearButtonProps={{ 'aria-label': 'Clear Update' }}
        onChange={(value) => setFilter({ mode: value ?? '' })}
      />
      {isFiltered(filter) && (
        <Button
          variant="subtle"
          onClick={() => setFilter({ status: [], request_id: '', job_type: '', mode: '' })}
        >
          Clear all
        </Button>
      )}
    </>
  );
}
