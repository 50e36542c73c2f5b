/** A range of time as the address has it: a quick one stays relative, an own one has its ends. */

export const quickRanges = ['1h', '24h', '7d', '30d'] as const;
export type QuickRange = (typeof quickRanges)[number];

export interface Range {
  quick: QuickRange | 'custom' | '';
  /** RFC 3339 in UTC, or empty; only of an own range. */
  after: string;
  before: string;
}

/** What `setParams` takes. */
export type RangeParams = Record<'range' | 'after' | 'before', string>;

export const anyTime: Range = { quick: '', after: '', before: '' };
export const noRange: RangeParams = { range: '', after: '', before: '' };

const hours: Record<QuickRange, number> = { '1h': 1, '24h': 24, '7d': 7 * 24, '30d': 30 * 24 };

/** Reads `range=24h`, or `after` and `before`; what is not understood counts as not chosen. */
export function rangeOf(params: URLSearchParams): Range {
  const name = params.get('range');
  const quick = quickRanges.find((each) => each === name);
  if (quick !== undefined) return { quick, after: '', before: '' };
  const after = moment(params.get('after'));
  const before = moment(params.get('before'));
  const isCustom = name === 'custom' || after !== '' || before !== '';
  return isCustom ? { quick: 'custom', after, before } : anyTime;
}

/** Whether it leaves anything out. */
export function isRangeSet(range: Range): boolean {
  return range.quick === 'custom' ? range.after !== '' || range.before !== '' : range.quick !== '';
}

/** The ends of the range at this moment, for the API; empty where it has none. */
export function boundsOf(range: Range, nowMs: number): { after: string; before: string } {
  if (range.quick === '' || range.quick === 'custom') {
    return { after: range.after, before: range.before };
  }
  const start = new Date(nowMs - hours[range.quick] * 3_600_000);
  return { after: `${start.toISOString().slice(0, 19)}Z`, before: '' };
}

/** `2026-03-09T16:05:06Z`, or nothing. */
function moment(text: string | null): string {
  const isOne = text !== null && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text);
  return isOne && !Number.isNaN(new Date(text).getTime()) ? text : '';
}
