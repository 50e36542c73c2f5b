/** The saved list and one's own beside each other, and what differs between them. */
import type { Query } from '../api/model';
import { type DraftRow, fieldNames, type QueryFields } from './draft';

export interface Compared {
  key: string;
  fields: QueryFields;
  /** The other list has no such query. */
  isAlone: boolean;
  /** The fields that are other ones in the other list. */
  differing: (keyof QueryFields)[];
  /** The other list has it before or after others than this one. */
  isMoved: boolean;
}

export interface Comparison {
  newer: Compared[];
  mine: Compared[];
}

export function compareLists(newer: readonly Query[], mine: readonly DraftRow[]): Comparison {
  const moved = movedIds(newer, mine);
  const compared = (fields: QueryFields, key: string, other: QueryFields | undefined) => ({
    key,
    fields,
    isAlone: other === undefined,
    differing: other === undefined ? [] : differingFields(fields, other),
    isMoved: moved.has(key),
  });
  return {
    newer: newer.map((query) =>
      compared(
        query,
        query.id,
        mine.find((row) => row.id === query.id),
      ),
    ),
    mine: mine.map((row) =>
      compared(
        row,
        row.id ?? row.key,
        newer.find((query) => query.id === row.id),
      ),
    ),
  };
}

export function isDiffering({ isAlone, differing, isMoved }: Compared): boolean {
  return isAlone || isMoved || differing.length > 0;
}

/** How many queries differ, each counted once though it may stand in both lists. */
export function countDiffering({ newer, mine }: Comparison): number {
  return new Set([...newer, ...mine].filter(isDiffering).map(({ key }) => key)).size;
}

function differingFields(one: QueryFields, other: QueryFields): (keyof QueryFields)[] {
  return fieldNames.filter((name) => JSON.stringify(one[name]) !== JSON.stringify(other[name]));
}

/** The fewest of the common queries that would have to move for both orders to be the same. */
function movedIds(newer: readonly Query[], mine: readonly DraftRow[]): Set<string> {
  const places = new Map(newer.map((query, index) => [query.id, index]));
  const common = mine.flatMap(({ id }) => {
    const place = id === null ? undefined : places.get(id);
    return id === null || place === undefined ? [] : [{ id, place }];
  });
  // For each query, the longest row of queries up to it that stand in the saved order.
  const runs: string[][] = [];
  for (const [index, { id, place }] of common.entries()) {
    const before = runs.filter((_, at) => at < index && (common[at]?.place ?? place) < place);
    runs.push([...longest(before), id]);
  }
  const unmoved = new Set(longest(runs));
  return new Set(common.map(({ id }) => id).filter((id) => !unmoved.has(id)));
}

function longest(runs: readonly string[][]): string[] {
  return runs.reduce<string[]>((best, run) => (run.length > best.length ? run : best), []);
}
