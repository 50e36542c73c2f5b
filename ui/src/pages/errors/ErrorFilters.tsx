/** Filters above the table; each acts at once and can be cleared by itself. */
import { Button, Select } from '@mantine/core';

import type { ErrorFilter } from '../../api/report';
import { MomentField } from '../../components/MomentField';
import { SearchField } from '../../components/SearchField';
import { errorCodes } from '../../lib/errorCode';
import { isErrorFiltered } from '../../lib/errorFilter';
import { indicatorTypes, typeLabel, typeSlug } from '../../lib/label';
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
      <MomentField
        label="From"
        value={filter.after}
        onChange={(value) => setFilter({ after: value })}
      />
      <MomentField
        label="Before"
        value={filter.before}
        onChange={(value) => setFilter({ before: value })}
      />
      {isErrorFiltered(filter) && (
        <Button
          variant="subtle"
          onClick={() =>
            setFilter({ request_id: '', code: '', indicator_type: '', after: '', before: '' })
          }
        >
          Clear all
        </Button>
      )}
    </>
  );
}
