/** What dragging takes comes in a file of its own; without it, the arrows serve. */
export type Drag = typeof import('./drag');

/** Editing does not wait longer than that for it. */
const PATIENCE_MS = 1_500;

function fetchDrag(): Promise<Drag> {
  return import('../further').then(({ drag }) => drag);
}

/**
 * Asked once, before a list is edited: dragging encloses the table, and a table that it is put
 * around afterwards is built anew, under the hands of whoever uses it.
 */
export function loadDrag(fetch = fetchDrag): Promise<Drag | null> {
  return new Promise((resolve) => {
    const giveUp = setTimeout(() => resolve(null), PATIENCE_MS);
    fetch()
      .then(resolve, () => resolve(null))
      .finally(() => clearTimeout(giveUp));
  });
}
