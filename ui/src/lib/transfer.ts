/** The list of TQL queries as a file: what a file holds, beside what it would replace. */
import type { FieldMessage, ImportFile, Query } from '../api/model';
import { changesOf, sameFields, type Changes, type DraftRow, type QueryFields } from './draft';
import { matchedIds, type FileQuery } from './queryMatch';

export const FILE_NAME = 'sentinel-tql-queries.json';

/** Of a file; the API takes no larger body. */
export const MAX_FILE_BYTES = 1_000_000;

const FORMAT = 'ms-sentinel-tql-queries';
const FORMAT_VERSION = 1;

export type ReadFile = { file: ImportFile } | { mistake: string };

/** The list that a text holds, or why it is none; its fields are judged by the API. */
export function readFile(text: string): ReadFile {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return { mistake: 'It is not JSON.' };
  }
  if (!isRecord(content) || content.format !== FORMAT) {
    return { mistake: 'It is not a list of TQL queries saved by Export.' };
  }
  if (content.format_version !== FORMAT_VERSION) {
    return { mistake: 'It was saved by another version of this App in a different format.' };
  }
  const queries = content.queries;
  if (!Array.isArray(queries)) return { mistake: 'It has no list of queries.' };
  const bad = queries.findIndex((query) => !isQuery(query));
  if (bad >= 0) return { mistake: `Query ${bad + 1} is incomplete.` };
  return { file: content as unknown as ImportFile };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** Whether it has what is shown of a query. */
function isQuery(value: unknown): boolean {
  return (
    isRecord(value) &&
    isTexts(value.owners) &&
    isTexts(value.indicator_types) &&
    typeof value.tql === 'string'
  );
}

/** What an import does to a query: to one in the file, or to a saved one that is not in it. */
export type Fate = 'added' | 'edited' | 'kept' | 'deleted';

export interface FateOf {
  fields: QueryFields;
  fate: Fate;
}

export interface Comparison {
  /** The queries of the file as rows, highest precedence first. */
  rows: DraftRow[];
  inFile: FateOf[];
  inSaved: FateOf[];
  changes: Changes;
}

/**
 * What an import would change in the saved list.
 *
 * A query of the file is the saved one with its id or, where the id is not known here, with its
 * content; any other one is new.
 */
export function comparison(file: ImportFile, saved: readonly Query[]): Comparison {
  const before = new Map(saved.map((query) => [query.id, query]));
  const queries = file.queries.map((query): FileQuery => ({
    id: query.id ?? null,
    name: query.name ?? null,
    note: query.note ?? null,
    is_enabled: query.is_enabled ?? true,
    owners: query.owners,
    indicator_types: query.indicator_types,
    tql: query.tql,
    sort_field: query.sort_field ?? null,
    sort_direction: query.sort_direction ?? 'asc',
  }));
  const ids = matchedIds(queries, saved);
  const rows = queries.map((query, index): DraftRow => ({
    ...query,
    key: `file-${index}`,
    id: ids[index] ?? null,
  }));
  const after = new Map(rows.flatMap((row) => (row.id === null ? [] : [[row.id, row] as const])));
  const fateOf = (one: QueryFields | undefined, other: QueryFields | undefined, lone: Fate) =>
    one === undefined || other === undefined ? lone : sameFields(one, other) ? 'kept' : 'edited';
  return {
    rows,
    inFile: rows.map((row) => ({
      fields: row,
      fate: fateOf(row, before.get(row.id ?? ''), 'added'),
    })),
    inSaved: saved.map((query) => ({
      fields: query,
      fate: fateOf(query, after.get(query.id), 'deleted'),
    })),
    changes: changesOf(rows, saved),
  };
}

/** The file as it is sent: each query has the id of the saved one that it is. */
export function fileOf(file: ImportFile, rows: readonly DraftRow[]): ImportFile {
  return {
    ...file,
    queries: file.queries.map((query, index) => ({ ...query, id: rows[index]?.id ?? null })),
  };
}

/** The API's messages with their fields named within the file (`queries.2.tql`). */
export function messagesInFile(errors: readonly FieldMessage[]): FieldMessage[] {
  return errors.map(({ field, message }) => ({ field: field.replace(/^file\./, ''), message }));
}
