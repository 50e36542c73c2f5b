/** A filter by one of several values; without one, all pass. */
import { Select, type ComboboxItem } from '@mantine/core';

interface FilterSelectProps {
  label: string;
  width: number;
  data: readonly (string | ComboboxItem)[];
  /** Empty for all. */
  value: string;
  onChange: (value: string) => void;
  /** What is looked for by typing, where there are many. */
  searchedNoun?: string;
}

export function FilterSelect(props: FilterSelectProps) {
  const { label, width, data, value, onChange, searchedNoun } = props;
  return (
    <Select
      label={label}
      w={width}
      placeholder="All"
      clearable
      {...(searchedNoun !== undefined && {
        searchable: true,
        nothingFoundMessage: `No such ${searchedNoun}`,
      })}
      data={[...data]}
      value={value === '' ? null : value}
      clearButtonProps={{ 'aria-label': `Clear ${label}` }}
      onChange={(next) => onChange(next ?? '')}
    />
  );
}
