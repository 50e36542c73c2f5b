/** Whether values are in Sentinel, in words. */
import type {
  IndicatorCopy,
  LookupReply,
  LookupRow,
  NearObject,
  QueryMark,
  RefusedObject,
  SentObject,
} from '../api/model';
import type { Cell } from './csv';
import { typeLabel } from './label';
import { counted, formatCount } from './number';
import type { Tone } from './status';

const MOST_IN_PART = 100;
const MOST_CHARS_IN_PART = 90_000;

export type VerdictName = LookupRow['verdict'];

interface VerdictFace {
  name: string;
  tone: Tone;
  icon: 'check' | 'upload' | 'warning' | 'cancel' | 'question' | 'clock';
}

/** What asks for somebody's attention comes first. */
const verdicts: Record<VerdictName, VerdictFace> = {
  refused: { name: 'Refused', tone: 'warning', icon: 'warning' },
  'not-understood': { name: 'Not recognized', tone: 'warning', icon: 'question' },
  unchecked: { name: 'Not checked', tone: 'warning', icon: 'warning' },
  unknown: { name: 'Not in Sentinel', tone: 'neutral', icon: 'cancel' },
  'not-selected': { name: 'Not selected', tone: 'neutral', icon: 'cancel' },
  withheld: { name: 'Withheld', tone: 'neutral', icon: 'cancel' },
  'not-sent': { name: 'Not sent', tone: 'neutral', icon: 'cancel' },
  withdrawn: { name: 'Withdrawn', tone: 'neutral', icon: 'cancel' },
  expired: { name: 'Expired', tone: 'neutral', icon: 'clock' },
  'to-be-sent': { name: 'Not sent yet', tone: 'active', icon: 'upload' },
  waiting: { name: 'Sending', tone: 'active', icon: 'upload' },
  'in-sentinel': { name: 'In Sentinel', tone: 'good', icon: 'check' },
};

export const verdictNames = Object.keys(verdicts) as VerdictName[];

export function verdictFace(verdict: VerdictName): VerdictFace {
  return verdicts[verdict];
}

/** The verdict on one value in a sentence, before all details. */
export function verdictWords({ verdict, objects, why, near }: LookupRow): string {
  if (verdict === 'in-sentinel') {
    const rest = why.replace(/^[\d,]+ active objects?\.\s*/, '');
    return `In Sentinel (${counted(objects, 'active object')})${rest === '' ? '' : `. ${rest}`}`;
  }
  // What is said of a value nobody knows is the reason alone, or first what it is in Sentinel by.
  return verdict === 'unknown' && near === null ? `${verdictFace(verdict).name}. ${why}` : why;
}

/** What was looked up in place of what was given; null where it was the same. */
export function lookedUpAs({ given, value, shown }: LookupRow): string | null {
  const name = shown === null || shown === value ? '' : ` (${shown})`;
  return value === given && name === '' ? null : `${value}${name}`;
}

const relations: Record<NearObject['relation'], string> = {
  reading: 'Another reading',
  block: 'Block',
  host: 'Host',
  parent: 'Parent domain',
  url: 'URL',
};

export function relationName(relation: NearObject['relation']): string {
  return relations[relation];
}

/** How many values have each verdict, for those that any has. */
export function verdictCounts(
  rows: readonly LookupRow[],
): { verdict: VerdictName; count: number }[] {
  return verdictNames
    .map((verdict) => ({ verdict, count: rows.filter((row) => row.verdict === verdict).length }))
    .filter(({ count }) => count > 0);
}

/** `20 values: 12 in Sentinel, 8 not. 3 duplicates were combined.` */
export function countWords(rows: readonly LookupRow[]): string {
  const live = rows.filter(({ verdict }) => verdict === 'in-sentinel').length;
  const folded = rows.reduce((sum, { times }) => sum + times - 1, 0);
  const words = `${counted(rows.length, 'value')}: ${formatCount(live)} in Sentinel, ${formatCount(
    rows.length - live,
  )} not.`;
  if (folded === 0) return words;
  return `${words} ${counted(folded, 'duplicate')} ${folded === 1 ? 'was' : 'were'} combined.`;
}

/** What can be sent or withdrawn of some rows; what nobody knows can be neither. */
export function actionRows(rows: readonly LookupRow[], action: 'send' | 'withdraw'): LookupRow[] {
  return rows.filter(({ verdict, objects }) =>
    action === 'withdraw' ? objects > 0 : verdict !== 'unknown' && verdict !== 'not-understood',
  );
}

export type RowOrder = 'pasted' | 'verdict';

/** The rows with a verdict, or all of them, in the wanted order. */
export function shownRows(
  rows: readonly LookupRow[],
  verdict: VerdictName | null,
  order: RowOrder,
): LookupRow[] {
  const kept = rows.filter((row) => verdict === null || row.verdict === verdict);
  if (order === 'pasted') return kept;
  const rank = (row: LookupRow) => verdictNames.indexOf(row.verdict);
  return kept.sort((one, other) => rank(one) - rank(other));
}

/** Values in parts that one request each may ask for. */
export function partsOf(values: readonly string[]): string[][] {
  const parts: string[][] = [];
  let room = 0;
  for (const value of values) {
    const part = parts.at(-1);
    room -= value.length;
    if (part === undefined || part.length === MOST_IN_PART || room < 0) {
      parts.push([value]);
      room = MOST_CHARS_IN_PART - value.length;
    } else part.push(value);
  }
  return parts;
}

/** Adds the rows of a part; a value that was given in two parts has one row. */
export function joinRows(before: LookupReply | null, part: LookupReply): LookupReply {
  const rows = new Map(before?.rows.map((row) => [row.value, row]));
  for (const row of part.rows) {
    const known = rows.get(row.value);
    rows.set(row.value, known ? { ...known, times: known.times + row.times } : row);
  }
  return {
    ...part,
    rows: [...rows.values()],
    source_error: before?.source_error ?? part.source_error,
  };
}

export const lookupHeading = [
  'Value',
  'Looked up as',
  'Times given',
  'Type',
  'Verdict',
  'Why',
  'Active objects',
  'Owner',
  'TQL query',
  'First sent',
  'Last sent',
  'Valid until',
  'Related value in Sentinel',
  'Relation',
];

/** A row as a line of a file; times are as the API has them. */
export function lookupCells(row: LookupRow, queries: readonly QueryMark[]): Cell[] {
  return [
    row.given,
    lookedUpAs(row) ?? '',
    row.times,
    row.types.map(typeLabel).join(', '),
    verdictFace(row.verdict).name,
    row.why,
    row.objects,
    row.owner,
    queryWords(row, queries),
    row.first_sent,
    row.last_sent,
    row.valid_until,
    row.near?.value,
    row.near && relationName(row.near.relation),
  ];
}

function queryWords(row: LookupRow, queries: readonly QueryMark[]): string {
  if (row.query_id === null) return '';
  const query = queries.find((each) => each.query_id === row.query_id);
  return query === undefined ? 'A deleted query' : `${query.position + 1}. ${query.label}`;
}

const fates: Record<IndicatorCopy['fate'], { name: string; tone: Tone }> = {
  chosen: { name: 'Selected', tone: 'good' },
  duplicate: { name: 'Duplicate', tone: 'neutral' },
  withheld: { name: 'Withheld', tone: 'neutral' },
  expired: { name: 'Expired', tone: 'neutral' },
  unsupported: { name: 'Unsupported', tone: 'neutral' },
  invalid: { name: 'Invalid', tone: 'warning' },
  'not-selected': { name: 'Not selected', tone: 'neutral' },
};

export function fateFace(fate: IndicatorCopy['fate']): { name: string; tone: Tone } {
  return fates[fate];
}

const states: Record<SentObject['state'], { name: string; tone: Tone }> = {
  live: { name: 'In Sentinel', tone: 'good' },
  expired: { name: 'Expired', tone: 'neutral' },
  withdrawn: { name: 'Withdrawn', tone: 'neutral' },
};

export function stateFace(state: SentObject['state']): { name: string; tone: Tone } {
  return states[state];
}

/** `File, SHA-256 hash`. */
export function objectName(type: string, hashKind: string | null): string {
  return hashKind === null || hashKind === '' ? type : `${type}, ${hashKind} hash`;
}

/** The type and kind of hash of `File|SHA-256|abc`. */
export function refusedName(refused: RefusedObject): string {
  const [type = '', hashKind = ''] = refused.object_key.split('|');
  return objectName(type, hashKind);
}
