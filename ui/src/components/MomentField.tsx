/** A moment that is typed on the clock of the chosen time zone, which stands beside the label. */
import { CloseButton, TextInput } from '@mantine/core';

import { fieldToUtc, offsetName, utcToField } from '../lib/time';
import { useZone } from '../shell/zone';
import classes from './MomentField.module.css';

interface MomentFieldProps {
  label: string;
  description?: string;
  /** RFC 3339 in UTC, or empty. */
  value: string;
  isDisabled?: boolean;
  onChange: (value: string) => void;
}

export function MomentField({
  label,
  description,
  value,
  isDisabled = false,
  onChange,
}: MomentFieldProps) {
  const zone = useZone();
  const offset = offsetName(zone, value === '' ? new Date() : new Date(value));
  return (
    <TextInput
      type="datetime-local"
      step={1}
      label={label}
      description={
        <>
          <span className={classes.zone}>{offset}</span> {description}
        </>
      }
      disabled={isDisabled}
      className={classes.field}
      data-filled={value !== '' || undefined}
      data-described={description !== undefined || undefined}
      value={utcToField(value, zone)}
      onChange={(event) => onChange(fieldToUtc(event.currentTarget.value, zone) ?? '')}
      rightSection={
        value === '' ? null : (
          <CloseButton size="sm" aria-label={`Clear ${label}`} onClick={() => onChange('')} />
        )
      }
    />
  );
}
