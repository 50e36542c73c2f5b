/** Says that what is shown is the last that could be had, how old it is, and why. */
import { Button, Group, Text } from '@mantine/core';

import type { ApiError } from '../api/client';
import { formatSpan } from '../lib/time';
import { useNow } from '../shell/clock';
import { Notice } from './Notice';

interface StaleNoticeProps {
  error: ApiError | null;
  updatedAtMs: number;
  isRetrying: boolean;
  onRetry: () => void;
}

export function StaleNotice({ error, updatedAtMs, isRetrying, onRetry }: StaleNoticeProps) {
  const now = useNow();
  if (error === null || updatedAtMs === 0) return null;
  return (
    <Notice tone="warning" isLive title={error.title}>
      <Group justify="space-between" gap="sm">
        <Text size="sm">
          {error.description} What is shown is <Age seconds={(now - updatedAtMs) / 1000} /> old.
        </Text>
        <Button size="xs" variant="default" onClick={onRetry} loading={isRetrying}>
          Try again
        </Button>
      </Group>
    </Notice>
  );
}

/** Counts on without being read out each second. */
function Age({ seconds }: { seconds: number }) {
  return <span aria-live="off">{formatSpan(seconds)}</span>;
}
