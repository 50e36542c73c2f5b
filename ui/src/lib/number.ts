/** Numbers and counted nouns as people read them. */

const grouped = new Intl.NumberFormat('en-US');

/** With thousands separators: `12,345`. */
export function formatCount(value: number): string {
  return grouped.format(value);
}

/** A number with its noun: `1 query`, `3 queries`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`;
}
