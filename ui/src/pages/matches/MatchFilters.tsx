/** Filters above the table; each acts at once and can be cleared by itself. */
import { Button } from '@mantine/core';

import type { MatchFilter } from '../../api/match';
import { FilterSelect } from '../../components/FilterSelect';
import { OwnerFilter } from '../../components/OwnerFilter';
import { QueryFilter } from '../../components/QueryFilter';
import { RangeFilter } from '../../components/RangeFilter';
import { SearchField } from '../../components/SearchField';
import { indicatorTypes, typeLabel, typeSlug } from '../../lib/label';
import { matchFace, matchKinds, severityFace, severityNames } from '../../lib/match';
import { isMatchFiltered, noMatchFilter } from '../../lib/matchFilter';
import { setParams } from '../../shell/router';

/** A changed filter begins at its first page, with nothing open. */
function setFilter(change: Record<string, string>): void {
  setParams({ ...change, offset: '', open: '' });
}

export function MatchFilters({ filter }: { filter: MatchFilter }) {
  return (
    <>
      <FilterSelect
        label="Match"
        width={156}
        data={matchKinds.map((kind) => ({ value: kind, label: matchFace(kind).name }))}
        value={filter.kind}
        onChange={(value) => setFilter({ kind: value })}
      />
      <FilterSelect
        label="Severity"
        width={140}
        data={severityNames.map((name) => ({ value: name, label: severityFace(name).name }))}
        value={filter.severity}
        onChange={(value) => setFilter({ severity: value })}
      />
      <SearchField
        label="Text"
        placeholder="Value or alert name"
        value={filter.text}
        clean={(text) => text.slice(0, 500)}
        onChange={(value) => setFilter({ text: value })}
      />
      <FilterSelect
        label="Indicator Type"
        width={140}
        data={indicatorTypes.map((type) => ({ value: typeSlug(type), label: typeLabel(type) }))}
        value={filter.indicatorType === '' ? '' : typeSlug(filter.indicatorType)}
        onChange={(value) => setFilter({ indicator_type: value })}
      />
      <OwnerFilter owner={filter.owner} onChange={(value) => setFilter({ owner: value })} />
      <QueryFilter queryId={filter.queryId} onChange={(value) => setFilter({ query_id: value })} />
      <RangeFilter range={filter.range} onChange={setFilter} label="Last event" />
      {isMatchFiltered(filter) && (
        <Button variant="subtle" onClick={() => setFilter(noMatchFilter)}>
          Clear all
        </Button>
      )}
    </>
  );
}
