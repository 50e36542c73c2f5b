/** Which saved query each query of a file is. */
import type { Query } from '../api/model';
import { sameFields, type QueryFields } from './draft';
import { asksTheSame } from './queryForm';

export interface FileQuery extends QueryFields {
  id: string | null;
}

/**
 * The id of the saved query that each one is, or `null` for a new one; no saved query twice.
 *
 * By its id where that is known here; else by its content: one that is equal in every field, then
 * one that selects the same Indicators.
 */
export function matchedIds(
  queries: readonly FileQuery[],
  saved: readonly Query[],
): (string | null)[] {
  const left = new Map(saved.map((query) => [query.id, query]));
  const found: (string | null)[] = queries.map(() => null);
  const match = (isSame: (query: FileQuery, known: Query) => boolean) => {
    for (const [index, query] of queries.entries()) {
      if (found[index] !== null) continue;
      const known = [...left.values()].find((each) => isSame(query, each));
      if (known === undefined) continue;
      found[index] = known.id;
      left.delete(known.id);
    }
  };
  match((query, known) => query.id === known.id);
  match(sameFields);
  match(asksTheSame);
  return found;
}
