/** Says that what is shown is the last that could be had, how old it is, and why; then, that all is back. */
import { Button, Group, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';

import type { ApiError } from '../api/client';
import { formatSpan } from '../lib/time';
import { useNow } from '../shell/clock';
import { CodeLine } from './ErrorCode';
import { Notice } from './Notice';

/** While the notice is up, people wait for it to go. */
const RETRY_MS = 2_000;
const BACK_SHOWN_MS = 5_000;

interface StaleNoticeProps {
  error: ApiError | null;
  updatedAtMs: number;
  isRetrying: boolean;
  onRetry: () => void;
}

export function StaleNotice({ error, updatedAtMs, isRetrying, onRetry }: StaleNoticeProps) {
  const now = useNow();
  const isStale = error !== null && updatedAtMs !== 0;
  const isBack = useBack(isStale);
  useRetries(isStale && !isRetrying, onRetry);
  if (isBack) {
    return (
      <Notice tone="good" isLive title="Back">
        The Service answers again. What is shown is up to date.
      </Notice>
    );
  }
  if (!isStale) return null;
  return (
    <Notice tone="warning" isLive title={error.title}>
      <Group justify="space-between" gap="sm">
        <div>
          <Text size="sm">
            {error.description} What is shown is <Age seconds={(now - updatedAtMs) / 1000} /> old.
          </Text>
          <CodeLine code={error.code} />
        </div>
        <Button size="xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      </Group>
    </Notice>
  );
}

/** Tries again by itself, each time after the last attempt has ended. */
function useRetries(isWaiting: boolean, onRetry: () => void): void {
  const retry = useRef(onRetry);
  useEffect(() => {
    retry.current = onRetry;
  });
  useEffect(() => {
    if (!isWaiting) return undefined;
    const timer = setTimeout(() => retry.current(), RETRY_MS);
    return () => clearTimeout(timer);
  }, [isWaiting]);
}

/** Whether what was stale has become fresh a moment ago. */
function useBack(isStale: boolean): boolean {
  const [isBack, setIsBack] = useState(false);
  const before = useRef(isStale);
  useEffect(() => {
    const wasStale = before.current;
    before.current = isStale;
    if (!wasStale || isStale) return undefined;
    setIsBack(true);
    const timer = setTimeout(() => setIsBack(false), BACK_SHOWN_MS);
    return () => {
      clearTimeout(timer);
      setIsBack(false);
    };
  }, [isStale]);
  return isBack;
}

/** Counts on without being read out each second. */
function Age({ seconds }: { seconds: number }) {
  return <span aria-live="off">{formatSpan(seconds)}</span>;
}
