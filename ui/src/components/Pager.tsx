/** First, previous, next and last page, the page size, and how many there are in all. */
import { ActionIcon, Group, NativeSelect, Text, Tooltip } from '@mantine/core';

import { counted, formatCount } from '../lib/number';
import { Icon, type IconName } from './Icon';

export const pageSizes = [20, 40, 80] as const;

interface PagerProps {
  /** What is listed, in the singular: `Job`. */
  noun: string;
  /** In the plural, where that is more than an `s`. */
  nouns?: string;
  total: number;
  limit: number;
  offset: number;
  onChange: (next: { limit: number; offset: number }) => void;
}

export function Pager({ noun, nouns = `${noun}s`, total, limit, offset, onChange }: PagerProps) {
  const last = total === 0 ? 0 : Math.floor((total - 1) / limit) * limit;
  const steps: { label: string; icon: IconName; offset: number; isOff: boolean }[] = [
    { label: 'First page', icon: 'chevronsLeft', offset: 0, isOff: offset === 0 },
    {
      label: 'Previous page',
      icon: 'chevronLeft',
      offset: Math.max(0, offset - limit),
      isOff: offset === 0,
    },
    { label: 'Next page', icon: 'chevronRight', offset: offset + limit, isOff: offset >= last },
    { label: 'Last page', icon: 'chevronsRight', offset: last, isOff: offset >= last },
  ];
  return (
    <Group component="nav" aria-label={`Pages of ${nouns}`} justify="space-between">
      <Text size="sm" c="dimmed">
        {total > limit &&
          `${formatCount(offset + 1)}–${formatCount(Math.min(offset + limit, total))} of `}
        {counted(total, noun, nouns)}
      </Text>
      <Group gap="xs">
        <NativeSelect
          size="xs"
          aria-label={`${nouns} per page`}
          data={pageSizes.map((size) => ({ value: String(size), label: `${size} per page` }))}
          value={String(limit)}
          onChange={(event) => {
            const size = Number(event.currentTarget.value);
            onChange({ limit: size, offset: Math.floor(offset / size) * size });
          }}
        />
        {steps.map((step) => (
          <Tooltip key={step.label} label={step.label}>
            <ActionIcon
              variant="default"
              size="md"
              aria-label={step.label}
              disabled={step.isOff}
              onClick={() => onChange({ limit, offset: step.offset })}
            >
              <Icon name={step.icon} />
            </ActionIcon>
          </Tooltip>
        ))}
      </Group>
    </Group>
  );
}
