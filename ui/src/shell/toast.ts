/** Messages at the foot of the page, with what to do next: a link, or a way back. */
import { useSyncExternalStore } from 'react';

import type { ApiError } from '../api/client';

export interface Toast {
  id: number;
  tone: 'good' | 'bad';
  title: string;
  text: string;
  /** Of what went wrong. */
  code?: string;
  /** Leads on, for example `{ label: 'View in JOBS', href: '#/jobs' }`. */
  link?: { label: string; href: string };
  /** Takes back what the message tells of. It is offered once. */
  undo?: () => void;
}

export type ToastContent = Omit<Toast, 'id' | 'text'> & Partial<Pick<Toast, 'text'>>;

const SHOWN_MS = 10_000;
/** Somebody who is to decide has time to read, and to get to the button by keyboard. */
const UNDO_SHOWN_MS = 20_000;

const listeners = new Set<() => void>();
const timers = new Map<number, ReturnType<typeof setTimeout>>();
let toasts: readonly Toast[] = [];
let nextId = 1;
let isHeld = false;

function replace(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

function startTimer({ id, undo }: Toast): void {
  clearTimeout(timers.get(id));
  const shownMs = undo === undefined ? SHOWN_MS : UNDO_SHOWN_MS;
  if (!isHeld)
    timers.set(
      id,
      setTimeout(() => hideToast(id), shownMs),
    );
}

/** Shows a message for a while. The same message twice is shown once. */
export function showToast(content: ToastContent): void {
  const toast: Toast = { text: '', ...content, id: nextId++ };
  const isSame = (other: Toast) => other.title === toast.title && other.text === toast.text;
  for (const same of toasts.filter(isSame)) hideToast(same.id);
  replace([...toasts, toast]);
  startTimer(toast);
}

/** Says what a call ended in that did not give its answer. */
export function showError({ title, description, code }: ApiError): void {
  showToast({ tone: 'bad', title, text: description, code });
}

export function hideToast(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  replace(toasts.filter((toast) => toast.id !== id));
  // What vanishes under the pointer is not always left by it.
  if (toasts.length === 0) isHeld = false;
}

/** Keeps all messages while the pointer or the keyboard is on them; then their time begins again. */
export function holdToasts(hold: boolean): void {
  if (hold === isHeld) return;
  isHeld = hold;
  if (hold) for (const timer of timers.values()) clearTimeout(timer);
  else toasts.forEach(startTimer);
}

export function useToasts(): readonly Toast[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
}
