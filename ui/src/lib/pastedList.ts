/** A pasted list, kept for this tab: the address names it, and stays short. */

const KEY = 'ms-sentinel-lookup';

interface KeptList {
  id: string;
  text: string;
}

/** Keeps a text in place of the one before, and returns what names it. */
export function keepList(text: string): string {
  const list: KeptList = { id: Date.now().toString(36), text };
  try {
    sessionStorage.setItem(KEY, JSON.stringify(list));
  } catch {
    // Without storage, or without room in it, the list lives as long as the page.
  }
  latest = list;
  return list.id;
}

/** The text that is named so; `null` where it was kept in another tab, or is no longer kept. */
export function keptList(id: string): string | null {
  if (latest?.id === id) return latest.text;
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
    if (isList(kept) && kept.id === id) return kept.text;
  } catch {
    // What is there was not kept by this page.
  }
  return null;
}

let latest: KeptList | null = null;

function isList(kept: unknown): kept is KeptList {
  const { id, text } = (kept ?? {}) as Partial<KeptList>;
  return typeof id === 'string' && typeof text === 'string';
}
