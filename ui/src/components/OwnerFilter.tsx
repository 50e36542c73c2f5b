/** A filter by owner, of those that the saved TQL queries name. */
import { useConfigure } from '../api/configure';
import { FilterSelect } from './FilterSelect';

interface OwnerFilterProps {
  /** Empty for all. */
  owner: string;
  onChange: (owner: string) => void;
}

export function OwnerFilter({ owner, onChange }: OwnerFilterProps) {
  const { data: saved } = useConfigure();
  const named = new Set(saved?.queries.flatMap((query) => query.owners));
  if (owner !== '') named.add(owner);
  return (
    <FilterSelect
      label="Owner"
      width={176}
      searchedNoun="owner"
      data={[...named].sort((one, other) => one.localeCompare(other))}
      value={owner}
      onChange={onChange}
    />
  );
}
