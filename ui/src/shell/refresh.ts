/** Self-refresh: one pause switch for the whole page, and none while a dialog is open. */
import { useEffect, useSyncExternalStore } from 'react';

const STORAGE_KEY = 'ms-sentinel-refresh-paused';

const listeners = new Set<() => void>();
let paused = readPaused();
let dialogs = 0;

function readPaused(): boolean {
  try {
    return localStorage.getItem(STORAGE_KEY) === 'yes';
  } catch {
    return false;
  }
}

function changed(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function isPaused(): boolean {
  return paused;
}

export function setPaused(value: boolean): void {
  paused = value;
  try {
    localStorage.setItem(STORAGE_KEY, value ? 'yes' : 'no');
  } catch {
    // Without storage the choice holds until the page is closed.
  }
  changed();
}

export function usePaused(): boolean {
  return useSyncExternalStore(subscribe, isPaused);
}

/** Keeps the lists under an open dialog still. */
export function useHoldRefresh(isHeld: boolean): void {
  useEffect(() => {
    if (!isHeld) return undefined;
    dialogs += 1;
    changed();
    return () => {
      dialogs -= 1;
      changed();
    };
  }, [isHeld]);
}

/** The interval to poll at, or `false` while polling has to rest. */
export function useRefreshInterval(
  everyMs: number,
  options: { evenWithDialog?: boolean } = {},
): number | false {
  const isHeld = useSyncExternalStore(subscribe, () => dialogs > 0);
  const rests = usePaused() || (isHeld && options.evenWithDialog !== true);
  return rests ? false : everyMs;
}
