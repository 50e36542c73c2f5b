import { MantineProvider } from '@mantine/core';
import { act, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { ApiError } from '../api/client';
import { StaleNotice } from './StaleNotice';

const lost = new ApiError({
  title: 'The Service is not running',
  description: 'See the Services screen.',
  code: 'PAGE-502',
  status: 502,
});

function show(error: ApiError | null, isRetrying: boolean, onRetry: () => void) {
  return (
    <MantineProvider env="test">
      <StaleNotice error={error} updatedAtMs={1} isRetrying={isRetrying} onRetry={onRetry} />
    </MantineProvider>
  );
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('tries again two seconds after each attempt, and says when the Service is back', () => {
  const onRetry = vi.fn();
  const pass = (ms: number) => {
    act(() => {
      vi.advanceTimersByTime(ms);
    });
  };
  const { rerender } = render(show(lost, false, onRetry));
  expect(screen.getByText('The Service is not running')).toBeTruthy();
  pass(1_900);
  expect(onRetry).not.toHaveBeenCalled();
  pass(200);
  expect(onRetry).toHaveBeenCalledTimes(1);
  rerender(show(lost, true, onRetry));
  pass(10_000);
  expect(onRetry).toHaveBeenCalledTimes(1);
  rerender(show(lost, false, onRetry));
  pass(2_100);
  expect(onRetry).toHaveBeenCalledTimes(2);
  rerender(show(null, false, onRetry));
  expect(screen.getByText('Back')).toBeTruthy();
  pass(6_000);
  expect(screen.queryByText('Back')).toBeNull();
  pass(10_000);
  expect(onRetry).toHaveBeenCalledTimes(2);
});
