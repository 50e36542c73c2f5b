/**
 * Values pasted as one text: where one ends and the next begins. The App has the same rules
 * (`core/pasted.py`), and both are tested with the cases of `tests/data/pasted.json`.
 */

/** The API takes no more in one value, and no more values than people may give at once. */
export const MAX_VALUE_CHARS = 10_000;
export const MAX_VALUES = 500;

const lineEnd = /[\r\n\v\f\x85\u2028\u2029\t]+/;
const separator = /(\s*[,;|]+\s*)/;

const wrapping = ' \'"`\xb4\u2018\u2019\u201c\u201d\u201e\xab\xbb<>()[]{},;\u2022*';

const dot = '(?:\\\\?\\.|[\\[({<]{1,2} ?(?:\\.|dot) ?[\\])}>]{1,2}|\\[\\.|\\.\\])';
const label = '[^\\s.,;:/@\\\\\\[\\](){}<>"\'=]+';
const host = `${label}(?:${dot}${label})*${dot}(?:xn--[a-z0-9-]+|\\p{L}{2,})`;
const scheme = '[a-z*][a-z*+.\\-]{1,9}\\s?(?:\\[:\\/\\/\\]|[\\[({]?:[\\])}]?\\/\\/)';
const name =
  '(?:(?:sha-?(?:1|256)|md5|hash|ip(?:v[46])?|address|domain|host(?:name)?|url|e-?mail|asn|cidr)' +
  '\\s*[:=]\\s*)?';
const plain = new RegExp(
  `^${name}(?:${[
    '[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}',
    `${scheme}\\S+`,
    `[0-9]{1,3}(?:${dot}[0-9]{1,3}){3}(?:/[0-9]{1,2})?(?::[0-9]{1,5})?`,
    '\\[?(?=[^:]*:[^:]*:)[0-9a-f:.]+\\]?(?:/[0-9]{1,3}|:[0-9]{1,5})?',
    'asn? ?[0-9]{1,10}',
    `[^\\s@<>]+?(?:@|[\\[({]{1,2} ?(?:@|at) ?[\\])}]{1,2})${host}`,
    `${host}\\.?(?::[0-9]{1,5})?(?:/\\S*)?`,
    '(?:\\S+---)?indicator--[0-9a-f\\-]{36}',
  ].join('|')})$`,
  'iu',
);
const beginsAsUrl = new RegExp(`^["'<(\\[]*${scheme}`, 'iu');
const hasPath = /[^/]\/[^/]/;

/** The values of a pasted text in their order. */
export function splitPasted(text: string): string[] {
  return text
    .split(lineEnd)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .flatMap(valuesOf);
}

/** Whether a text looks like an Indicator's value, however it is written: no subject does. */
function isPlain(text: string): boolean {
  return plain.test(stripped(text));
}

function stripped(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && wrapping.includes(text.charAt(start))) start += 1;
  while (end > start && wrapping.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function valuesOf(line: string): string[] {
  const pieces = piecesOf(line);
  const [first = ''] = pieces;
  if (pieces.length > 1 && (pieces.every(isPlain) || (isPlain(first) && !/\s/.test(line)))) {
    return pieces;
  }
  const words = (pieces.length > 1 ? pieces : [line]).flatMap((piece) => piece.split(/\s+/));
  return words.length > 1 && words.every(isPlain) ? words : [line];
}

/** What lies between the commas that separate. */
function piecesOf(line: string): string[] {
  const [first = '', ...others] = line.split(separator);
  const pieces = [first];
  for (let at = 0; at < others.length; at += 2) {
    const between = others[at] ?? '';
    const after = others[at + 1] ?? '';
    const before = pieces.at(-1) ?? '';
    if (goesOn(before, between, after)) pieces[pieces.length - 1] = before + between + after;
    else pieces.push(after);
  }
  return pieces.filter((piece) => stripped(piece) !== '');
}

/** Whether a comma is a part of the URL that it stands in. */
function goesOn(before: string, between: string, after: string): boolean {
  const isUrl = beginsAsUrl.test(before) || hasPath.test(before);
  if (!isUrl || /["'>]$/.test(before)) return false;
  return !/\s/.test(between) && after !== '' && !beginsAsUrl.test(after);
}
