import { MantineProvider } from '@mantine/core';
import { act, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { ApiError } from '../api/client';
import { showError, showToast } from './toast';
import { Toasts } from './Toasts';

beforeEach(() => {
  vi.useFakeTimers();
  render(
    <MantineProvider env="test">
      <button>Before</button>
      <Toasts />
    </MantineProvider>,
  );
});

afterEach(() => {
  pass(60_000);
  vi.useRealTimers();
});

function show(content: Parameters<typeof showToast>[0]) {
  act(() => showToast(content));
}

function pass(ms: number) {
  act(() => void vi.advanceTimersByTime(ms));
}

it('a message goes by itself after ten seconds, one with Undo after twenty', () => {
  show({ tone: 'good', title: 'Saved' });
  show({ tone: 'good', title: '3 changes discarded', undo: () => undefined });
  pass(10_000);
  expect(screen.queryByText('Saved')).toBeNull();
  expect(screen.getByRole('status').textContent).toContain('3 changes discarded');
  pass(10_000);
  expect(screen.getByRole('status').textContent).toBe('');
});

it('a call that failed is told with its code, which leads to its remedy', () => {
  const error = { title: 'Busy', description: 'Try again.', code: 'APP-BUSY', status: 503 };
  act(() => showError(new ApiError(error)));
  expect(screen.getByRole('status').textContent).toContain('Try again.Code APP-BUSY');
  expect(screen.getByRole('link', { name: 'APP-BUSY' }).getAttribute('href')).toBe(
    './help/troubleshooting.html#APP-BUSY',
  );
});

it('the same message twice is shown once', () => {
  show({ tone: 'good', title: 'Saved', text: 'One query.' });
  pass(9_000);
  show({ tone: 'good', title: 'Saved', text: 'One query.' });
  expect(screen.getAllByText('Saved')).toHaveLength(1);
  pass(9_000);
  expect(screen.getAllByText('Saved')).toHaveLength(1);
});

it('a message stays while the pointer or the keyboard is on it', () => {
  show({ tone: 'good', title: 'Queued', link: { label: 'View in JOBS', href: '#/jobs' } });
  const link = screen.getByRole('link', { name: 'View in JOBS' });
  expect(link.getAttribute('href')).toBe('#/jobs');
  act(() => link.focus());
  pass(60_000);
  expect(link.isConnected).toBe(true);
  act(() => link.blur());
  fireEvent.pointerEnter(screen.getByRole('status'));
  pass(60_000);
  expect(link.isConnected).toBe(true);
  fireEvent.pointerLeave(screen.getByRole('status'));
  pass(10_000);
  expect(link.isConnected).toBe(false);
});

it('Undo takes back, closes the message and hands the focus back', () => {
  const undo = vi.fn();
  show({ tone: 'good', title: 'Discarded', undo });
  act(() => screen.getByText('Before').focus());
  const button = screen.getByRole('button', { name: 'Undo' });
  act(() => button.focus());
  fireEvent.click(button);
  expect(undo).toHaveBeenCalledOnce();
  expect(screen.queryByText('Discarded')).toBeNull();
  expect(document.activeElement).toBe(screen.getByText('Before'));
});
