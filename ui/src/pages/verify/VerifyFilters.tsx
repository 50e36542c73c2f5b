/** Filters above the findings; each acts at once and can be cleared by itself. */
import { Button } from '@mantine/core';

import type { FindingFilter } from '../../api/verification';
import { FilterSelect } from '../../components/FilterSelect';
import { OwnerFilter } from '../../components/OwnerFilter';
import { QueryFilter } from '../../components/QueryFilter';
import { SearchField } from '../../components/SearchField';
import { isFindingFiltered, noFindingFilter } from '../../lib/findingFilter';
import { indicatorTypes, typeLabel, typeSlug } from '../../lib/label';
import { objectTypeName, verifiedTypes } from '../../lib/verification';
import { setParams } from '../../shell/router';

/** A changed filter begins at its first page. */
export function setFindingFilter(change: Record<string, string>): void {
  setParams({ ...change, offset: '' });
}

export function VerifyFilters({ filter }: { filter: FindingFilter }) {
  return (
    <>
      <SearchField
        label="Text"
        placeholder="Part of a value or name"
        value={filter.text}
        clean={(text) => text.slice(0, 500)}
        onChange={(value) => setFindingFilter({ text: value })}
      />
      <FilterSelect
        label="Object Type"
        width={140}
        data={verifiedTypes.map((type) => ({ value: type, label: objectTypeName(type) }))}
        value={filter.objectType}
        onChange={(value) => setFindingFilter({ object_type: value })}
      />
      <FilterSelect
        label="Indicator Type"
        width={140}
        data={indicatorTypes.map((type) => ({ value: typeSlug(type), label: typeLabel(type) }))}
        value={filter.indicatorType === '' ? '' : typeSlug(filter.indicatorType)}
        onChange={(value) => setFindingFilter({ indicator_type: value })}
      />
      <OwnerFilter owner={filter.owner} onChange={(value) => setFindingFilter({ owner: value })} />
      <QueryFilter
        queryId={filter.queryId}
        onChange={(value) => setFindingFilter({ query_id: value })}
      />
      {isFindingFiltered(filter) && (
        <Button variant="subtle" onClick={() => setFindingFilter(noFindingFilter)}>
          Clear all
        </Button>
      )}
    </>
  );
}
