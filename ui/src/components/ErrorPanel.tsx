/** A failure in place of what it prevented: what happened, what to do, and a way to try again. */
import { Alert, Button, Text } from '@mantine/core';

import type { ApiError } from '../api/client';
import { ErrorCode } from './ErrorCode';
import { Icon } from './Icon';

interface ErrorPanelProps {
  error: ApiError;
  onRetry?: () => void;
  isRetrying?: boolean;
}

export function ErrorPanel({ error, onRetry, isRetrying = false }: ErrorPanelProps) {
  return (
    <Alert
      className="app-alert"
      data-tone="bad"
      role="alert"
      icon={<Icon name="alert" size={20} />}
      title={error.title}
    >
      <Text size="sm">{error.description}</Text>
      <Text size="xs" c="dimmed" mt={4}>
        Code <ErrorCode code={error.code} />
      </Text>
      {onRetry !== undefined && (
        <Button mt="sm" size="xs" variant="default" onClick={onRetry} loading={isRetrying}>
          Try again
        </Button>
      )}
    </Alert>
  );
}
