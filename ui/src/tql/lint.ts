/** What the App itself refuses in TQL. Whether the words exist is for ThreatConnect to say. */
import { tokensOf } from './token';

export interface Fault {
  from: number;
  to: number;
  /** As a sentence about the TQL. */
  message: string;
}

/** Faults in the order of the text; none where ThreatConnect may be asked. */
export function faultsOf(text: string): Fault[] {
  const faults: Fault[] = [];
  const opened: number[] = [];
  const add = (from: number, to: number, what: string) =>
    faults.push({ from, to, message: `The TQL ${what}, at character ${from + 1}.` });
  for (const { kind, from, to, text: words, isOpen } of tokensOf(text)) {
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
