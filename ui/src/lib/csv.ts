/** Tables as CSV that a spreadsheet shows and does not execute; the App's own CSV has the same rule. */

// Source: OWASP, "CSV Injection": cells that begin so are taken for formulas. The others are forms
// of these characters that programs for other scripts read like them.
const FORMULA = '=+\\-@\\u2212\\ufe62\\ufe63\\ufe66\\ufe6b\\uff0b\\uff0d\\uff1d\\uff20';
// What a program cuts at that takes no commas, or no quotes that do not begin a cell: the list
// separator of many countries, and whatever may count as the end of a line.
const CUTS = ';\\t\\r\\n\\v\\f\\x85\\u2028\\u2029';
// What may stand before a formula without anybody seeing it; a quote may be taken off.
const UNSEEN =
  '\\p{Z}\\p{Cc}\\p{Cf}\\p{Default_Ignorable_Code_Point}\\u180f\\u2800\\ufff0-\\ufff8"';
const beginning = new RegExp(`^(?:[\\t\\r\\n]|[${UNSEEN}]*[${FORMULA}])`, 'u');
const behindACut = new RegExp(`([${CUTS}])(?=(?:(?![${CUTS}])[${UNSEEN}])*[${FORMULA}])`, 'gu');
/** Excel takes UTF-8 for the machine's own code page without this. */
const BYTE_ORDER_MARK = '\ufeff';

export type Cell = string | number | null | undefined;

/**
 * The value as text that no spreadsheet takes for a formula, wherever it cuts it. Numbers are ours
 * and stay numbers.
 */
function cellText(value: Cell): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = (beginning.test(value) ? "'" : '') + value.replace(behindACut, "$1'");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A heading and its rows. */
export function csvText(heading: readonly string[], rows: Iterable<readonly Cell[]>): string {
  const lines = [heading, ...rows].map((row) => row.map(cellText).join(','));
  return `${BYTE_ORDER_MARK}${lines.join('\r\n')}\r\n`;
}
