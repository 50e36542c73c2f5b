/** What the App itself refuses in TQL. Whether the words exist is for ThreatConnect to say. */
import { tokensOf } from './token';

export interface Fault {
  from: number;
  to: number;
  /** As a sentence about the TQL. */
  message: string;
}

/** What a parser that knows the whole of Unicode may take for a parenthesis or a quote. */
const LOOK_ALIKE = /[\uff02\uff07\uff08\uff09\uff40\ufe59\ufe5a\u207d\u207e\u208d\u208e]/;

/** Faults in the order of the text; none where ThreatConnect may be asked. */
export function faultsOf(text: string): Fault[] {
  const faults: Fault[] = [];
  const opened: number[] = [];
  const add = (from: number, to: number, what: string) =>
    faults.push({ from, to, message: `The TQL ${what}, at character ${from + 1}.` });
  let stringEnd = -1;
  for (const { kind, from, to, text: words, isOpen } of tokensOf(text)) {
    const isBehindString = kind === 'string' && from === stringEnd;
    if (isBehindString) add(from, to, 'has two strings with nothing in between');
    if (kind === 'string') stringEnd = to;
    const lookAlike = kind === 'string' ? -1 : words.search(LOOK_ALIKE);
    if (lookAlike >= 0) {
      const at = from + lookAlike;
      add(at, at + 1, 'has a sign that looks like a parenthesis or a quote and is none');
    }
    if (kind === 'string' && isOpen) add(from, to, 'has a string that never ends');
    else if (words.includes('\0')) add(from, to, 'has a NUL character');
    else if (kind === 'wrong' && words === '\\') add(from, to, 'has a backslash outside a string');
    else if (words === '(') opened.push(from);
    else if (words === ')' && opened.pop() === undefined) {
      add(from, to, 'closes a parenthesis that was never opened');
    }
  }
  for (const from of opened) add(from, from + 1, 'has a parenthesis that is never closed');
  return faults.sort((one, other) => one.from - other.from);
}
