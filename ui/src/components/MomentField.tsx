/** A filter by a moment, in the reader's time zone. */
import { CloseButton, TextInput } from '@mantine/core';

import { localFieldToUtc, utcToLocalField } from '../lib/time';

interface MomentFieldProps {
  label: string;
  /** RFC 3339 in UTC, or empty. */
  value: string;
  onChange: (value: string) => void;
}

export function MomentField({ label, value, onChange }: MomentFieldProps) {
  return (
    <TextInput
      type="datetime-local"
      label={label}
      w={value === '' ? 190 : 246}
      className={value === '' ? 'app-field-empty' : undefined}
      value={utcToLocalField(value)}
      onChange={(event) => onChange(localFieldToUtc(event.currentTarget.value) ?? '')}
      rightSection={
        value === '' ? null : (
          <CloseButton size="sm" aria-label={`Clear ${label}`} onClick={() => onChange('')} />
        )
      }
    />
  );
}
