/** A draft that is not saved, kept by the browser's tab: over a reload, and until it is called back. */
import type { Query } from '../api/model';
import type { DraftRow } from './draft';

export interface KeptDraft {
  /** When it was changed last, RFC 3339. */
  at: string;
  /** The version of the saved list that it began from, and that list. */
  version: number;
  base: readonly Query[];
  rows: readonly DraftRow[];
}

type Storage = Pick<globalThis.Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** Raised whenever a kept draft looks different: an older one is not offered. */
const FORMAT = 1;

/** Each Service has its own draft, also where several share a host. */
export function keyOfDraft(address: string): string {
  return `ms-sentinel-draft ${address.replace(/[?#].*$/, '')}`;
}

/** The draft that was kept; `null` where there is none, or none that can be read. */
export function readDraft(storage: Storage, key: string): KeptDraft | null {
  try {
    const found = JSON.parse(storage.getItem(key) ?? 'null') as unknown;
    return isKept(found) ? found : null;
  } catch {
    return null;
  }
}

/** Keeps a draft in place of the one before it; `null` forgets it. Without storage, nothing is kept. */
export function keepDraft(storage: Storage, key: string, draft: KeptDraft | null): void {
  try {
    if (draft === null) storage.removeItem(key);
    else storage.setItem(key, JSON.stringify({ ...draft, format: FORMAT }));
  } catch {
    // A full or forbidden storage: the draft lives as long as the page does.
  }
}

function isKept(value: unknown): value is KeptDraft {
  if (typeof value !== 'object' || value === null) return false;
  const { format, at, version, base, rows } = value as Record<string, unknown>;
  return (
    format === FORMAT &&
    typeof at === 'string' &&
    typeof version === 'number' &&
    Array.isArray(base) &&
    Array.isArray(rows)
  );
}
