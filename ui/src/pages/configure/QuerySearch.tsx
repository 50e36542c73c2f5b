/** Narrows a long list of TQL queries to those with some words, and counts them. */
import { CloseButton, Group, Text, TextInput } from '@mantine/core';

import { Icon } from '../../components/Icon';
import { counted, formatCount } from '../../lib/number';

interface QuerySearchProps {
  value: string;
  found: number;
  total: number;
  isEdited: boolean;
  onChange: (value: string) => void;
}

export function QuerySearch({ value, found, total, isEdited, onChange }: QuerySearchProps) {
  const isOn = value.trim() !== '';
  return (
    <Group gap="md">
      <TextInput
        aria-label="Search queries"
        placeholder="Search by name, TQL, owner or type"
        w={320}
        maw="100%"
        spellCheck={false}
        autoComplete="off"
        leftSection={<Icon name="search" />}
        rightSection={
          value === '' ? null : (
            <CloseButton size="sm" aria-label="Clear the search" onClick={() => onChange('')} />
          )
        }
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <Text size="sm" c="dimmed" role="status">
        {isOn && `${formatCount(found)} of ${counted(total, 'query', 'queries')}.`}
        {isOn &&
          isEdited &&
          found < total &&
          ' Positions are those in the whole list; select one to move its query.'}
      </Text>
    </Group>
  );
}
