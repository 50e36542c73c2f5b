/** TQL as the editor knows it: its colors come from the same tokens as everything else. */
import { HighlightStyle, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { tags } from '@lezer/highlight';

import classes from './TqlText.module.css';
import { scan, type Quote, type TokenKind } from './token';

interface State {
  quote: Quote | null;
}

/** The editor's own names of the kinds. */
const names: Record<TokenKind, string | null> = {
  word: 'propertyName',
  connective: 'keyword',
  operator: 'operator',
  constant: 'atom',
  number: 'number',
  string: 'string',
  bracket: 'bracket',
  comma: 'punctuation',
  wrong: 'invalid',
};

const language = StreamLanguage.define<State>({
  name: 'tql',
  startState: () => ({ quote: null }),
  copyState: (state) => ({ ...state }),
  token: (stream, state) => {
    const { kind, to, quote } = scan(stream.string, stream.pos, state.quote);
    stream.pos = to;
    state.quote = quote;
    return kind === 'space' ? null : names[kind];
  },
  languageData: { closeBrackets: { brackets: ['(', '"', "'", '`'] } },
});

/** Classes instead of colors, so that both color schemes are in one place: the theme. */
const style = HighlightStyle.define([
  { tag: tags.propertyName, class: classes.word ?? '' },
  { tag: tags.keyword, class: classes.connective ?? '' },
  { tag: tags.operator, class: classes.operator ?? '' },
  { tag: tags.atom, class: classes.constant ?? '' },
  { tag: tags.number, class: classes.number ?? '' },
  { tag: tags.string, class: classes.string ?? '' },
  { tag: tags.invalid, class: classes.wrong ?? '' },
]);

export const tql: Extension = [language, syntaxHighlighting(style)];
