/** A filter by time: a quick range, or an own start and end. */
import { Select } from '@mantine/core';

import { noRange, quickRanges, type QuickRange, type Range, type RangeParams } from '../lib/range';
import { MomentField } from './MomentField';

interface RangeFilterProps {
  range: Range;
  /** Called with the change of the address. */
  onChange: (change: RangeParams) => void;
  label?: string;
}

const names: Record<QuickRange, string> = {
  '1h': 'Last hour',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
};

const choices: { value: string; label: string }[] = [
  ...quickRanges.map((value) => ({ value, label: names[value] })),
  { value: 'custom', label: 'Custom range' },
];

export function RangeFilter({ range, onChange, label = 'Time' }: RangeFilterProps) {
  return (
    <>
      <Select
        label={label}
        w={178}
        placeholder="All time"
        clearable
        data={choices}
        value={range.quick === '' ? null : range.quick}
        clearButtonProps={{ 'aria-label': `Clear ${label}` }}
        onChange={(value) => onChange({ ...noRange, range: value ?? '' })}
      />
      {range.quick === 'custom' && (
        <>
          <MomentField
            label="From"
            value={range.after}
            onChange={(after) => onChange({ range: 'custom', after, before: range.before })}
          />
          <MomentField
            label="Before"
            value={range.before}
            onChange={(before) => onChange({ range: 'custom', after: range.after, before })}
          />
        </>
      )}
    </>
  );
}
