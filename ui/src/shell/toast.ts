/** Messages at the foot of the page. */
import { useSyncExternalStore } from 'react';

export interface Toast {
  id: number;
  tone: 'good' | 'bad';
  title: string;
  text: string;
}

const SHOWN_MS = 10_000;

const listeners = new Set<() => void>();
let toasts: readonly Toast[] = [];
let nextId = 1;

function replace(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

/** Shows a message for ten seconds. The same message twice is shown once. */
export function showToast(toast: Omit<Toast, 'id'>): void {
  const id = nextId++;
  const others = toasts.filter((other) => other.title !== toast.title || other.text !== toast.text);
  replace([...others, { ...toast, id }]);
  setTimeout(() => hideToast(id), SHOWN_MS);
}

export function hideToast(id: number): void {
  replace(toasts.filter((toast) => toast.id !== id));
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
