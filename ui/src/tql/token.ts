/** TQL cut into tokens. Pure, so that the editor, the table and the checks read it alike. */

export type TokenKind =
  | 'word'
  | 'connective'
  | 'operator'
  | 'constant'
  | 'number'
  | 'string'
  | 'bracket'
  | 'comma'
  | 'wrong';

export interface Token {
  kind: TokenKind;
  from: number;
  to: number;
  text: string;
  /** A string whose closing quote is missing. */
  isOpen: boolean;
}

export type Quote = '"' | "'" | '`';

/** What stands at one place of a line; `quote` is set while a string goes on behind its end. */
export interface Scanned {
  kind: TokenKind | 'space';
  to: number;
  quote: Quote | null;
}

const connectives = new Set(['AND', 'OR', 'NOT']);
const operators = new Set([
  ...['EQ', 'EQUALS', 'NE', 'GT', 'LT', 'GEQ', 'LEQ', 'IS'],
  ...['IN', 'LIKE', 'CONTAINS', 'STARTSWITH', 'ENDSWITH'],
]);
const constants = new Set(['TRUE', 'FALSE', 'NULL']);

const pattern =
  /(?<space>\s+)|(?<word>[A-Za-z_]\w*)|(?<number>-?\d+(?:\.\d+)?)|(?<operator>==|!=|>=|<=|=|>|<)|(?<bracket>[()])|(?<comma>,)|(?<quote>['"`])|(?<wrong>[^])/y;

/** Reads one token of a line, beginning at `from`, within the string that `quote` opened. */
export function scan(line: string, from: number, quote: Quote | null): Scanned {
  if (quote !== null) return scanString(line, from, quote);
  pattern.lastIndex = from;
  const groups = pattern.exec(line)?.groups ?? {};
  const to = pattern.lastIndex;
  if (groups.space !== undefined) return { kind: 'space', to, quote: null };
  if (groups.word !== undefined) return { kind: kindOfWord(groups.word), to, quote: null };
  if (groups.number !== undefined) return { kind: 'number', to, quote: null };
  if (groups.operator !== undefined) return { kind: 'operator', to, quote: null };
  if (groups.bracket !== undefined) return { kind: 'bracket', to, quote: null };
  if (groups.comma !== undefined) return { kind: 'comma', to, quote: null };
  if (groups.quote !== undefined) return scanString(line, to, groups.quote as Quote);
  return { kind: 'wrong', to, quote: null };
}

function scanString(line: string, from: number, quote: Quote): Scanned {
  for (let at = from; at < line.length; at += 1) {
    if (line[at] === '\\') at += 1;
    else if (line[at] === quote) return { kind: 'string', to: at + 1, quote: null };
  }
  return { kind: 'string', to: line.length, quote };
}

function kindOfWord(word: string): TokenKind {
  const upper = word.toUpperCase();
  if (connectives.has(upper)) return 'connective';
  if (operators.has(upper)) return 'operator';
  if (constants.has(upper)) return 'constant';
  return 'word';
}

/** All tokens of a text, without the space between them. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const { kind, to, quote } = scan(text, at, null);
    if (kind !== 'space') {
      tokens.push({ kind, from: at, to, text: text.slice(at, to), isOpen: quote !== null });
    }
    at = to;
  }
  return tokens;
}
