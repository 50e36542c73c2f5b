/** Where in a TQL text a message says that something is wrong. */
import { tokensOf } from './token';

export interface TextRange {
  from: number;
  to: number;
}

/** Counted from 1, as people count. */
export interface LineAndCharacter {
  line: number;
  character: number;
}

/**
 * The part of the text that a message names: `at character 17`, `line 2, column 5`, or a word in
 * quotes that the text has once. `null` where it names none, or a place outside the text.
 */
export function placeIn(message: string, text: string): TextRange | null {
  // What is sent has no space around it, and places are counted in that.
  const start = text.length - text.trimStart().length;
  const from = offsetIn(message, text.trim());
  if (from !== null) return rangeAt(text, start + from);
  const word = /["'`]([^"'`]+)["'`]/.exec(message)?.[1];
  if (word === undefined) return null;
  const at = text.indexOf(word);
  return at < 0 || text.includes(word, at + 1) ? null : { from: at, to: at + word.length };
}

function offsetIn(message: string, text: string): number | null {
  const inLine = /\bline (\d+)(?:,? (?:column|character)|:) ?(\d+)/i.exec(message);
  if (inLine !== null) {
    const [line, column] = [Number(inLine[1]), Number(inLine[2])];
    const before = text.split('\n').slice(0, line - 1);
    return before.reduce((length, each) => length + each.length + 1, 0) + Math.max(0, column - 1);
  }
  const place = /\b(?:character|char|position|column|offset) (\d+)/i.exec(message);
  return place === null ? null : Math.max(0, Number(place[1]) - 1);
}

/** The token at an offset, or the one character; at the very end, the last token. */
function rangeAt(text: string, offset: number): TextRange | null {
  if (offset > text.length) return null;
  const tokens = tokensOf(text);
  const token = tokens.find(({ from, to }) => from <= offset && offset < to);
  if (token !== undefined) return { from: token.from, to: token.to };
  const last = tokens.at(-1);
  if (last !== undefined && offset >= last.to) return { from: last.from, to: last.to };
  return offset < text.length ? { from: offset, to: offset + 1 } : null;
}

export function lineAndCharacter(text: string, offset: number): LineAndCharacter {
  const lines = text.slice(0, offset).split('\n');
  return { line: lines.length, character: (lines.at(-1)?.length ?? 0) + 1 };
}
