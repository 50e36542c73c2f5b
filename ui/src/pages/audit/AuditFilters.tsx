/** Filters above the table; each acts at once and can be cleared by itself. */
import { Button } from '@mantine/core';

import { FilterSelect } from '../../components/FilterSelect';
import { QueryFilter } from '../../components/QueryFilter';
import { RangeFilter } from '../../components/RangeFilter';
import { SearchField } from '../../components/SearchField';
import { UpdateFilter } from '../../components/UpdateFilter';
import { actionLabel, auditActions } from '../../lib/audit';
import { cleanUser, isAuditFiltered, type AuditFilter } from '../../lib/auditFilter';
import { noRange } from '../../lib/range';
import { setParams } from '../../shell/router';

/** A changed filter begins at its first page, with nothing open. */
function setFilter(change: Record<string, string>): void {
  setParams({ ...change, offset: '', open: '' });
}

export function AuditFilters({ filter }: { filter: AuditFilter }) {
  const { action } = filter;
  const isKnown = action === '' || auditActions.some(({ value }) => value === action);
  return (
    <>
      <RangeFilter range={filter.range} onChange={setFilter} />
      <QueryFilter queryId={filter.queryId} onChange={(value) => setFilter({ query_id: value })} />
      <FilterSelect
        label="Action"
        width={230}
        searchedNoun="action"
        data={
          isKnown ? auditActions : [...auditActions, { value: action, label: actionLabel(action) }]
        }
        value={action}
        onChange={(value) => setFilter({ action: value })}
      />
      <SearchField
        label="User"
        placeholder="Part of the name"
        value={filter.user}
        clean={cleanUser}
        onChange={(value) => setFilter({ user: value })}
      />
      <UpdateFilter
        updateId={filter.updateId}
        onChange={(value) => setFilter({ update_id: value })}
      />
      {isAuditFiltered(filter) && (
        <Button
          variant="subtle"
          onClick={() =>
            setFilter({ action: '', user: '', query_id: '', update_id: '', ...noRange })
          }
        >
          Clear all
        </Button>
      )}
    </>
  );
}
