/** Filters above the table; each acts at once and can be cleared by itself. */
import { Button, Select } from '@mantine/core';

import type { ErrorFilter } from '../../api/report';
import { FilterSelect } from '../../components/FilterSelect';
import { QueryFilter } from '../../components/QueryFilter';
import { RangeFilter } from '../../components/RangeFilter';
import { SearchField } from '../../components/SearchField';
import { UpdateFilter } from '../../components/UpdateFilter';
import { errorCodes } from '../../lib/errorCode';
import { errorStates, isErrorFiltered } from '../../lib/errorFilter';
import { indicatorTypes, typeLabel, typeSlug } from '../../lib/label';
import { capitalized } from '../../lib/number';
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
      <QueryFilter queryId={filter.queryId} onChange={(value) => setFilter({ query_id: value })} />
      <SearchField
        label="Request ID"
        placeholder="Part of it"
        value={filter.requestId}
        onChange={(value) => setFilter({ request_id: value })}
      />
      <FilterSelect
        label="Error Code"
        width={136}
        searchedNoun="code"
        data={codes}
        value={filter.code}
        onChange={(value) => setFilter({ code: value })}
      />
      <FilterSelect
        label="Indicator Type"
        width={140}
        data={indicatorTypes.map((type) => ({ value: typeSlug(type), label: typeLabel(type) }))}
        value={filter.indicatorType === '' ? '' : typeSlug(filter.indicatorType)}
        onChange={(value) => setFilter({ indicator_type: value })}
      />
      <RangeFilter range={filter.range} onChange={setFilter} />
      <UpdateFilter
        updateId={filter.updateId}
        onChange={(value) => setFilter({ update_id: value })}
      />
      {isErrorFiltered(filter) && (
        <Button
          variant="subtle"
          onClick={() =>
            setFilter({
              request_id: '',
              update_id: '',
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
