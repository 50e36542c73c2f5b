/** Tables as CSV that a spreadsheet shows and does not execute. */

// Source: OWASP, "CSV Injection": cells that begin so are taken for formulas.
const formula = /^ *[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
/** Excel takes UTF-8 for the machine's own code page without this. */
const BYTE_ORDER_MARK = '\ufeff';

export type Cell = string | number | null | undefined;

/** The value as text that no spreadsheet takes for a formula. Numbers are ours and stay numbers. */
function cellText(value: Cell): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = formula.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A heading and its rows. */
export function csvText(heading: readonly string[], rows: Iterable<readonly Cell[]>): string {
  const lines = [heading, ...rows].map((row) => row.map(cellText).join(','));
  return `${BYTE_ORDER_MARK}${lines.join('\r\n')}\r\n`;
}
