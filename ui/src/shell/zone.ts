/** Whose clock the page shows times in: one choice for all screens, kept by the browser. */
import { useSyncExternalStore } from 'react';

import type { Zone } from '../lib/time';

const STORAGE_KEY = 'ms-sentinel-time-zone';

const listeners = new Set<() => void>();
let zone = readZone();

function readZone(): Zone {
  try {
    return localStorage.getItem(STORAGE_KEY) === 'utc' ? 'utc' : 'local';
  } catch {
    return 'local';
  }
}

export function setZone(next: Zone): void {
  zone = next;
  try {
    localStorage.setItem(STORAGE_KEY, next);
  } catch {
    // Without storage the choice lasts until the page is closed.
  }
  for (const listener of listeners) listener();
}

export function useZone(): Zone {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => zone,
  );
}
