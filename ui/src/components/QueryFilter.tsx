/** A filter by TQL query, each by its number and its name. */
import { useConfigure } from '../api/configure';
import { numberedLabel } from '../lib/queryName';
import { FilterSelect } from './FilterSelect';

interface QueryFilterProps {
  /** Empty for all. */
  queryId: string;
  onChange: (queryId: string) => void;
}

export function QueryFilter({ queryId, onChange }: QueryFilterProps) {
  const { data: saved } = useConfigure();
  const choices = (saved?.queries ?? []).map((query, position) => ({
    value: query.id,
    label: numberedLabel(position, query),
  }));
  const isGone =
    saved !== undefined && queryId !== '' && choices.every(({ value }) => value !== queryId);
  return (
    <FilterSelect
      label="Query"
      width={176}
      searchedNoun="query"
      data={isGone ? [...choices, { value: queryId, label: 'Deleted query' }] : choices}
      value={queryId}
      onChange={onChange}
    />
  );
}
