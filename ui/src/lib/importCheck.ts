/** What is wrong with the queries of a file, told before anything is sent. */
import type { FieldMessage, Options, Query } from '../api/model';
import type { DraftRow } from './draft';
import { indicatorTypes } from './label';
import { mistakesOf } from './queryForm';

/**
 * One message for each bad field, named as the API names them (`queries.2.owners`).
 *
 * Owners are judged where it is known which there are; those that a saved query has may stay.
 */
export function faultsOfRows(
  rows: readonly DraftRow[],
  saved: readonly Query[],
  options: Options | undefined,
): FieldMessage[] {
  const offered = new Set(options?.owners.map(({ name }) => name));
  const known = new Set<string>(indicatorTypes);
  return rows.flatMap((row, place) => {
    const kept = new Set(saved.find(({ id }) => id === row.id)?.owners);
    const unreadable = row.owners.filter((name) => !offered.has(name) && !kept.has(name));
    const messages: Record<string, string> = {
      ...mistakesOf(row),
      ...listed(
        'indicator_types',
        row.indicator_types.filter((type) => !known.has(type)),
        {
          one: 'is not a supported Indicator type',
          many: 'are not supported Indicator types',
        },
      ),
      ...(options === undefined
        ? {}
        : listed('owners', unreadable, {
            one: 'is not an owner that the ThreatConnect API user can read',
            many: 'are not owners that the ThreatConnect API user can read',
          })),
    };
    return Object.entries(messages).map(([field, message]) => ({
      field: `queries.${place}.${field}`,
      message,
    }));
  });
}

function listed(
  field: string,
  names: readonly string[],
  words: { one: string; many: string },
): Record<string, string> {
  if (names.length === 0) return {};
  const quoted = names.map((name) => `"${name}"`).join(', ');
  return { [field]: `${quoted} ${names.length === 1 ? words.one : words.many}.` };
}
