/** Looking for TQL queries in a long list. */
import type { QueryFields } from './draft';
import { typeLabel } from './label';

/** The rows that have every word of the search in their name, note, TQL, owners or types. */
export function searched<Row extends QueryFields>(rows: readonly Row[], search: string): Row[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const text = textOf(row);
    return words.every((word) => text.includes(word));
  });
}

function textOf({ name, note, tql, owners, indicator_types: types }: QueryFields): string {
  return [name ?? '', note ?? '', tql, ...owners, ...types, ...types.map(typeLabel)]
    .join('\n')
    .toLowerCase();
}
