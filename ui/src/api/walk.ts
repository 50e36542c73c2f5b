/** All pages of a list, one after the other. */
import { get, post, type QueryValue } from './client';

export interface Walk {
  signal: AbortSignal;
  /** Is told after each page how far it is. */
  onProgress: (done: number, total: number) => void;
}

interface Page<Row> {
  data: Row[];
  total_count: number;
}

interface Steps<Row> {
  limit: number;
  /** What makes a row this one: a list that moves meanwhile gives some of them twice. */
  keyOf: (row: Row) => string;
  /** What holds the further pages to the state of the first. */
  hold?: (first: Row) => Record<string, QueryValue>;
}

/** The pages of a list whose filters fit into its address. */
export function getAll<Row>(
  path: string,
  query: Record<string, QueryValue>,
  walk: Walk,
  steps: Steps<Row>,
): Promise<Row[]> {
  return walkAll((place) => get<Page<Row>>(path, { ...query, ...place }, walk.signal), walk, steps);
}

/** The pages of a list whose filters are free text, which goes in a body. */
export function postAll<Row>(
  path: string,
  body: object,
  walk: Walk,
  steps: Steps<Row>,
): Promise<Row[]> {
  const { signal } = walk;
  return walkAll((place) => post<Page<Row>>(path, { ...body, ...place }, { signal }), walk, steps);
}

async function walkAll<Row>(
  readPage: (place: Record<string, QueryValue>) => Promise<Page<Row>>,
  walk: Walk,
  steps: Steps<Row>,
): Promise<Row[]> {
  const rows = new Map<string, Row>();
  let held: Record<string, QueryValue> = {};
  let offset = 0;
  for (;;) {
    const page = await readPage({ ...held, limit: steps.limit, offset });
    const [first] = page.data;
    if (first === undefined) break;
    if (offset === 0 && steps.hold !== undefined) held = steps.hold(first);
    for (const row of page.data) rows.set(steps.keyOf(row), row);
    // A page may end before its limit, so that a reply does not grow too large.
    offset += page.data.length;
    walk.onProgress(Math.min(offset, page.total_count), page.total_count);
    if (offset >= page.total_count) break;
  }
  return [...rows.values()];
}
