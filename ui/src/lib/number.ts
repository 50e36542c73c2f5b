/** Numbers and counted nouns as people read them. */

const grouped = new Intl.NumberFormat('en-US');

/** With thousands separators: `12,345`. */
export function formatCount(value: number): string {
  return grouped.format(value);
}

/** With a capital at its beginning, as a sentence has it. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A number with its noun: `1 query`, `3 queries`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`;
}
