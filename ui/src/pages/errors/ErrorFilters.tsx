/** Filters above the table; each acts at once and can be cleared by itself. */
import { Button, Select } from '@mantine/core';

import { useConfigure } from '../../api/configure';
import type { ErrorFilter } from '../../api/report';
import { RangeFilter } from '../../components/RangeFilter';
import { SearchField } from '../../components/SearchField';
import { errorCodes } from '../../lib/errorCode';
import { errorStates, isErrorFiltered } from '../../lib/errorFilter';
import { indicatorTypes, typeLabel, typeSlug } from '../../lib/label';
import { numberedLabel } from '../../lib/queryName';
import { noRange } from '../../lib/range';
import { setParams } from '../../shell/router';

/** A changed filter begins at its first page, with nothing open. */
function setFilter(change: Record<string, string>): void {
  setParams({ ...change, offset: '', open: '' });
}

export function ErrorFilters({ filter }: { filter: ErrorFilter }) {
  const codes =
    filter.code === '' || errorCodes.includes(filter.code)
      ? errorCodes
      : [...errorCodes, filter.code];
  const configure = useConfigure();
  const queries = (configure.data?.queries ?? []).map((query, position) => ({
    value: query.id,
    label: numberedLabel(position, query),
  }));
  return (
    <>
      <Select
        label="State"
        w={136}
        allowDeselect={false}
        data={errorStates.map((state) => ({ value: state, label: capitalized(state) }))}
        value={filter.state}
        onChange={(value) => setFilter({ state: value ?? '' })}
      />
      <SearchField
        label="Text"
        placeholder="Value or message"
        value={filter.text}
        onChange={(value) => setFilter({ text: value })}
      />
      <Select
        label="Query"
        w={176}
        placeholder="All"
        clearable
        searchable
        nothingFoundMessage="No such query"
        data={queries}
        value={filter.queryId === '' ? null : filter.queryId}
        clearButtonProps={{ 'aria-label': 'Clear Query' }}
        onChange={(value) => setFilter({ query_id: value ?? '' })}
      />
      <SearchField
        label="Request ID"
        placeholder="Part of it"
        value={filter.requestId}
        onChange={(value) => setFilter({ request_id: value })}
      />
      <Select
        label="Error Code"
        w={136}
        placeholder="All"
        clearable
        searchable
        nothingFoundMessage="No such code"
        data={[...codes]}
        value={filter.code === '' ? null : filter.code}
        clearButtonProps={{ 'aria-label': 'Clear Error Code' }}
        onChange={(value) => setFilter({ code: value ?? '' })}
      />
      <Select
        label="Indicator Type"
        w={140}
        placeholder="All"
        clearable
        data={indicatorTypes.map((type) => ({ value: typeSlug(type), label: typeLabel(type) }))}
        value={filter.indicatorType === '' ? null : typeSlug(filter.indicatorType)}
        clearButtonProps={{ 'aria-label': 'Clear Indicator Type' }}
        onChange={(value) => setFilter({ indicator_type: value ?? '' })}
      />
      <RangeFilter range={filter.range} onChange={setFilter} />
      {isErrorFiltered(filter) && (
        <Button
          variant="subtle"
          onClick={() =>
            setFilter({
              request_id: '',
              query_id: '',
              text: '',
              code: '',
              indicator_type: '',
              ...noRange,
            })
          }
        >
          Clear all
        </Button>
      )}
    </>
  );
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
