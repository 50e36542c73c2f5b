/** The field for TQL text: as many lines as it needs, in a monospaced face. */
import { Textarea } from '@mantine/core';

interface TqlFieldProps {
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}

export function TqlField({ value, error, onChange }: TqlFieldProps) {
  return (
    <Textarea
      label="TQL"
      description="Owners and types are added by the App; a window of time too, in a delta update."
      withAsterisk
      required
      autosize
      minRows={5}
      maxRows={16}
      spellCheck={false}
      autoCapitalize="off"
      autoComplete="off"
      maxLength={10_000}
      classNames={{ input: 'app-mono' }}
      value={value}
      error={error}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
