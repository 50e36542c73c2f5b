/** A row of the list of TQL queries: a saved one, or one that is being edited. */
import type { Query } from '../../api/model';
import type { DraftRow } from '../../lib/draft';

export type Row = Query | DraftRow;

export function isDraftRow(row: Row): row is DraftRow {
  return 'key' in row;
}

export function keyOf(row: Row): string {
  return isDraftRow(row) ? row.key : row.id;
}

/** What a row is called in the names of its buttons. */
export function nameOf(row: Row, rows: readonly Row[]): string {
  return `query ${rows.indexOf(row) + 1}, ${row.name ?? row.owners.join(', ')}`;
}
