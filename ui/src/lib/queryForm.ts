/** The window of one TQL query: what is missing in it, and what others say of its fields. */
import type { FieldMessage, QueryBody } from '../api/model';
import { faultsOf } from '../tql/lint';
import { fieldsOf, type QueryFields } from './draft';

export type Mistakes = Partial<Record<keyof QueryFields, string>>;

/** The API takes no more. */
const MAX_TQL_CHARS = 10_000;

export const blankQuery: QueryFields = {
  name: null,
  note: null,
  is_enabled: true,
  owners: [],
  indicator_types: [],
  tql: '',
  sort_field: null,
  sort_direction: 'asc',
};

/** What can be told without asking anybody, in the order of the fields. */
export function mistakesOf(fields: QueryFields): Mistakes {
  const tql = tqlMistake(fields.tql.trim());
  return {
    ...(fields.owners.length === 0 ? { owners: 'Choose at least one owner.' } : {}),
    ...(fields.indicator_types.length === 0
      ? { indicator_types: 'Choose at least one type.' }
      : {}),
    ...(tql === null ? {} : { tql }),
  };
}

function tqlMistake(tql: string): string | null {
  if (tql.length > MAX_TQL_CHARS) {
    return `The TQL has ${tql.length} characters; at most ${MAX_TQL_CHARS} are taken.`;
  }
  return faultsOf(tql)[0]?.message ?? null;
}

/** The fields as they are stored, with the saved query's id where there is one. */
export function bodyOfFields(fields: QueryFields, id: string | null): QueryBody {
  return { ...fieldsOf(fields), tql: fields.tql.trim(), id };
}

/** The API's messages by the field of the window; what belongs to no field is left out. */
export function mistakesFrom(errors: readonly FieldMessage[]): Mistakes {
  const mistakes: Mistakes = {};
  for (const { field, message } of errors) {
    const name = field.split('.')[0];
    if (!isFieldName(name)) continue;
    const before = mistakes[name];
    mistakes[name] = before === undefined ? message : `${before} ${message}`;
  }
  return mistakes;
}

function isFieldName(name: string | undefined): name is keyof QueryFields {
  return name !== undefined && name in blankQuery;
}

/** Whether ThreatConnect would be asked the same question. */
export function asksTheSame(one: QueryFields, other: QueryFields): boolean {
  return questionOf(one) === questionOf(other);
}

function questionOf({ owners, indicator_types, tql }: QueryFields): string {
  return JSON.stringify([owners, indicator_types, tql.trim()]);
}
