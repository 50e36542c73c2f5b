/** A failure in place of what it prevented: what happened, what to do, and a way to try again. */
import { Button, Text } from '@mantine/core';

import type { ApiError } from '../api/client';
import { CodeLine } from './ErrorCode';
import { Notice } from './Notice';

interface ErrorPanelProps {
  error: ApiError;
  onRetry?: () => void;
  isRetrying?: boolean;
}

export function ErrorPanel({ error, onRetry, isRetrying = false }: ErrorPanelProps) {
  return (
    <Notice tone="bad" isLive iconSize={20} title={error.title}>
      <Text size="sm">{error.description}</Text>
      <CodeLine code={error.code} />
      {onRetry !== undefined && (
        <Button mt="sm" size="xs" variant="default" onClick={onRetry} loading={isRetrying}>
          Try again
        </Button>
      )}
    </Notice>
  );
}
