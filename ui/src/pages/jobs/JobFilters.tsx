/** Filters above the table; each acts at once and can be cleared by itself. */
import { Button, MultiSelect, Select } from '@mantine/core';

import { useConfigure } from '../../api/configure';
import type { JobFilter } from '../../api/job';
import { RangeFilter } from '../../components/RangeFilter';
import { SearchField } from '../../components/SearchField';
import { isFiltered, jobTypes, modes, noFilter } from '../../lib/jobFilter';
import { numberedLabel } from '../../lib/queryName';
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
      <QueryFilter queryId={filter.queryId} />
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
      {filter.updateId !== '' && (
        <Button variant="light" onClick={() => setFilter({ update_id: '' })}>
          Show all updates
        </Button>
      )}
      {isFiltered(filter) && (
        <Button variant="subtle" onClick={() => setFilter(noFilter)}>
          Clear all
        </Button>
      )}
    </>
  );
}

function QueryFilter({ queryId }: { queryId: string }) {
  const { data: saved } = useConfigure();
  const choices = (saved?.queries ?? []).map((query, index) => ({
    value: query.id,
    label: numberedLabel(index, query),
  }));
  const isKnown = queryId === '' || choices.some(({ value }) => value === queryId);
  return (
    <Select
      label="Query"
      w={190}
      placeholder="All"
      clearable
      searchable
      nothingFoundMessage="No such query"
      data={isKnown ? choices : [...choices, { value: queryId, label: 'Deleted query' }]}
      value={queryId === '' ? null : queryId}
      clearButtonProps={{ 'aria-label': 'Clear Query' }}
      onChange={(value) => setFilter({ query_id: value ?? '' })}
    />
  );
}
