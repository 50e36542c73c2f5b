/** The list of TQL queries while it is being edited. Nothing here is stored until it is saved. */
import type { ConfigureBody, FieldMessage, Query } from '../api/model';
import { counted } from './number';

export type QueryFields = Omit<Query, 'id'>;

export const fieldNames = [
  'name',
  'note',
  'is_enabled',
  'owners',
  'indicator_types',
  'tql',
  'sort_field',
  'sort_direction',
] as const;

export interface DraftRow extends QueryFields {
  /** Stays the same while rows move; never sent. */
  key: string;
  /** `null` for a row that was added here. */
  id: string | null;
}

export interface Draft {
  /** The version of the saved list that this one began from. */
  version: number;
  rows: DraftRow[];
}

export function draftOf(version: number, queries: readonly Query[]): Draft {
  return { version, rows: queries.map((query) => ({ ...query, key: query.id })) };
}

export function withRow(rows: readonly DraftRow[], fields: QueryFields, key: string): DraftRow[] {
  const at = rows.findIndex((row) => row.key === key);
  if (at < 0) return [...rows, { ...fields, key, id: null }];
  return rows.map((row, index) => (index === at ? { ...row, ...fields } : row));
}

export function withoutRow(rows: readonly DraftRow[], key: string): DraftRow[] {
  return rows.filter((row) => row.key !== key);
}

/** Moves one row up (-1) or down (+1); at the ends nothing changes. */
export function withRowMoved(rows: readonly DraftRow[], key: string, by: -1 | 1): DraftRow[] {
  const from = rows.findIndex((row) => row.key === key);
  const to = from + by;
  const moved = [...rows];
  const [row, other] = [moved[from], moved[to]];
  if (row === undefined || other === undefined) return moved;
  moved[from] = other;
  moved[to] = row;
  return moved;
}

/** Moves one row to the place of another; what lies between gives way. */
export function withRowMovedTo(
  rows: readonly DraftRow[],
  key: string,
  placeOf: string,
): DraftRow[] {
  const moved = [...rows];
  const from = rows.findIndex((row) => row.key === key);
  const to = rows.findIndex((row) => row.key === placeOf);
  if (from < 0 || to < 0) return moved;
  moved.splice(to, 0, ...moved.splice(from, 1));
  return moved;
}

/** Moves one row to a place counted from 0; beyond the ends it stops at them. */
export function withRowAt(rows: readonly DraftRow[], key: string, place: number): DraftRow[] {
  const moved = [...rows];
  const from = rows.findIndex((row) => row.key === key);
  if (from < 0) return moved;
  const to = Math.min(rows.length - 1, Math.max(0, place));
  moved.splice(to, 0, ...moved.splice(from, 1));
  return moved;
}

/** Puts a new query right below the one that it is a copy of. */
export function withCopy(rows: readonly DraftRow[], key: string, newKey: string): DraftRow[] {
  return rows.flatMap((row) => {
    if (row.key !== key) return [row];
    const name = row.name === null ? null : copyName(row.name);
    return [row, { ...fieldsOf(row), name, key: newKey, id: null }];
  });
}

/** The API takes no longer name. */
export const MAX_NAME_CHARS = 80;
const COPY_ENDING = ' (copy)';

function copyName(name: string): string {
  return name.slice(0, MAX_NAME_CHARS - COPY_ENDING.length) + COPY_ENDING;
}

/** A key for a row to be added, also beside rows that were added before a reload. */
export function freeKey(rows: readonly DraftRow[]): string {
  const taken = new Set(rows.map(({ key }) => key));
  let number = rows.length + 1;
  while (taken.has(`added-${number}`)) number += 1;
  return `added-${number}`;
}

/**
 * How many saved queries stand above a row; above a row to be added, all of them.
 *
 * Rows that were added here do not count: nobody but this page knows of them.
 */
export function savedAbove(rows: readonly DraftRow[], key: string | null): number {
  const at = rows.findIndex((row) => row.key === key);
  return rows.slice(0, at < 0 ? rows.length : at).filter((row) => row.id !== null).length;
}

/**
 * Whether the queries above a row are those that are saved there, so that what the server says
 * about higher queries holds for the draft as well.
 */
export function isSavedAbove(
  rows: readonly DraftRow[],
  key: string | null,
  saved: readonly Query[],
): boolean {
  const at = rows.findIndex((row) => row.key === key);
  const above = rows.slice(0, at < 0 ? rows.length : at);
  const own = rows[at]?.id ?? null;
  const expected = saved.filter(({ id }) => id !== own).slice(0, savedAbove(rows, key));
  return (
    above.length === expected.length &&
    above.every((row, index) => {
      const query = expected[index];
      return row.id === query?.id && sameFields(row, query);
    })
  );
}

export function fieldsOf(row: QueryFields): QueryFields {
  const { name, note, is_enabled, owners, indicator_types, tql, sort_field, sort_direction } = row;
  return { name, note, is_enabled, owners, indicator_types, tql, sort_field, sort_direction };
}

export function sameFields(one: QueryFields, other: QueryFields): boolean {
  return JSON.stringify(fieldsOf(one)) === JSON.stringify(fieldsOf(other));
}

export interface Changes {
  added: number;
  edited: number;
  removed: number;
  isReordered: boolean;
}

/** What saving the draft would change in the saved list. */
export function changesOf(rows: readonly DraftRow[], saved: readonly Query[]): Changes {
  const before = new Map(saved.map((query) => [query.id, query]));
  const kept = rows.filter((row) => row.id !== null && before.has(row.id));
  const order = saved.filter((query) => kept.some((row) => row.id === query.id));
  return {
    added: rows.length - kept.length,
    edited: kept.filter((row) => {
      const query = before.get(row.id ?? '');
      return query !== undefined && !sameFields(row, query);
    }).length,
    removed: saved.length - kept.length,
    isReordered:
      order.some((query, index) => kept[index]?.id !== query.id) ||
      // A row put before an older one changes the precedence as well.
      (rows.findIndex((row) => row.id === null) < rows.findLastIndex((row) => row.id !== null) &&
        rows.some((row) => row.id === null)),
  };
}

export function hasChanges(changes: Changes): boolean {
  return countChanges(changes) > 0;
}

/** The changes in words: `1 query added, 2 edited, order changed`. */
export function describeChanges(changes: Changes): string {
  const numbers: [number, string][] = [
    [changes.added, 'added'],
    [changes.edited, 'edited'],
    [changes.removed, 'deleted'],
  ];
  const parts = numbers
    .filter(([number]) => number > 0)
    .map(([number, done], index) =>
      index === 0 ? `${counted(number, 'query', 'queries')} ${done}` : `${number} ${done}`,
    );
  return [...parts, ...(changes.isReordered ? ['order changed'] : [])].join(', ');
}

/** How many changes there are; another order is one, however many rows were moved. */
export function countChanges(changes: Changes): number {
  return changes.added + changes.edited + changes.removed + (changes.isReordered ? 1 : 0);
}

/** What is sent to save the draft. */
export function bodyOf(
  draft: Draft,
  run: 'delta' | 'full',
  withdraw: string[] = [],
): ConfigureBody {
  return {
    version: draft.version,
    queries: draft.rows.map((row) => ({ ...fieldsOf(row), id: row.id })),
    run,
    withdraw,
    confirm_empty: draft.rows.length === 0,
  };
}

export type RowMessages = Partial<Record<keyof QueryFields | 'row', string>>;

/** Sorts the server's messages (`queries.2.tql`) to the rows of the draft they were sent from. */
export function messagesByRow(
  rows: readonly DraftRow[],
  errors: readonly FieldMessage[],
): { byRow: Map<string, RowMessages>; other: string[] } {
  const byRow = new Map<string, RowMessages>();
  const other: string[] = [];
  for (const { field, message } of errors) {
    const match = /^queries\.(\d+)(?:\.(\w+))?/.exec(field);
    const row = match === null ? undefined : rows[Number(match[1])];
    if (row === undefined) {
      other.push(message);
      continue;
    }
    const messages = byRow.get(row.key) ?? {};
    const name = isFieldName(match?.[2]) ? match[2] : 'row';
    messages[name] = messages[name] === undefined ? message : `${messages[name]} ${message}`;
    byRow.set(row.key, messages);
  }
  return { byRow, other };
}

function isFieldName(name: string | undefined): name is (typeof fieldNames)[number] {
  return fieldNames.some((known) => known === name);
}
