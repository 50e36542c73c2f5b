/** What may be written at a place of a TQL text. Pure: the editor shows it, and puts it in. */
import { tokensOf, type Token } from './token';
import {
  nestedObjectOf,
  operatorDetail,
  operatorsOf,
  type Field,
  type ObjectKind,
  type Vocabulary,
} from './vocabulary';

export interface Proposal {
  label: string;
  detail: string;
  kind: 'field' | 'nested' | 'operator' | 'value' | 'word';
  /** What takes the place of the text from `from` to `to`. */
  insert: string;
  /** How many characters before the end of it the cursor comes to stand. */
  back: number;
  /** Whether there is something to propose behind it. */
  goesOn: boolean;
}

export interface Proposals {
  from: number;
  to: number;
  items: Proposal[];
}

/** What has to come next at a place, and about what. */
export interface Place {
  wants: 'field' | 'operator' | 'null' | 'value' | 'separator' | 'connective';
  object: ObjectKind;
  field: string | null;
  isNegated: boolean;
  isInList: boolean;
  isInBrackets: boolean;
}

type Bracket = { kind: 'group' | 'list' } | { kind: 'nested'; outer: ObjectKind };

/** Reads the tokens before a place; what makes no sense is passed over as well as can be. */
export function placeAfter(tokens: readonly Token[]): Place {
  const brackets: Bracket[] = [];
  const place: Place = {
    wants: 'field',
    object: 'indicator',
    field: null,
    isNegated: false,
    isInList: false,
    isInBrackets: false,
  };
  for (const token of tokens) step(place, token, brackets);
  place.isInList = brackets.at(-1)?.kind === 'list';
  place.isInBrackets = brackets.length > 0;
  return place;
}

function step(place: Place, token: Token, brackets: Bracket[]): void {
  switch (token.kind) {
    case 'word':
      place.field = token.text;
      place.wants = 'operator';
      place.isNegated = false;
      break;
    case 'connective':
      if (token.text.toUpperCase() === 'NOT') place.isNegated = true;
      else Object.assign(place, { wants: 'field', isNegated: false });
      break;
    case 'operator':
      place.wants = token.text.toUpperCase() === 'IS' ? 'null' : 'value';
      break;
    case 'number':
    case 'string':
    case 'constant':
      place.wants = brackets.at(-1)?.kind === 'list' ? 'separator' : 'connective';
      break;
    case 'comma':
      place.wants = 'value';
      break;
    case 'bracket':
      if (token.text === '(') open(place, brackets);
      else close(place, brackets);
      break;
    case 'wrong':
      break;
  }
}

function open(place: Place, brackets: Bracket[]): void {
  if (place.wants === 'value') {
    brackets.push({ kind: 'list' });
  } else if (place.wants === 'operator' && place.field !== null) {
    brackets.push({ kind: 'nested', outer: place.object });
    place.object = nestedObjectOf(place.field);
    place.wants = 'field';
  } else {
    brackets.push({ kind: 'group' });
    place.wants = 'field';
  }
}

function close(place: Place, brackets: Bracket[]): void {
  const bracket = brackets.pop();
  if (bracket?.kind === 'nested') place.object = bracket.outer;
  place.wants = 'connective';
}

/**
 * What may be written at `at`, the likeliest first; `null` where there is nothing to propose.
 *
 * Unasked, it only speaks up when something was begun: a word, a string, or the space behind a
 * field. So Enter stays a line break everywhere else.
 */
export function proposalsAt(
  text: string,
  at: number,
  vocabulary: Vocabulary,
  isAsked: boolean,
): Proposals | null {
  const tokens = tokensOf(text);
  const begun = tokens.find((token) => isBegun(token, at));
  const place = placeAfter(tokens.filter((token) => token.to <= at && token !== begun));
  const isString = begun?.kind === 'string';
  // Within a string its quote stays; with anything else begun, the whole word is replaced.
  const from = begun === undefined ? at : begun.from + (isString ? 1 : 0);
  const to = begun === undefined ? at : begun.kind === 'wrong' ? at : begun.to;
  const typed = text.slice(from, at);
  if (!isAsked && typed === '' && !isString && !isBehindField(text, at, place)) return null;

  const items = isString
    ? valueProposals(place, vocabulary, begun.text.charAt(0))
    : allProposals(place, vocabulary);
  const found = matching(items, typed);
  const isDone = found.length === 1 && found[0]?.label.toLowerCase() === typed.toLowerCase();
  return found.length === 0 || (isDone && !isAsked) ? null : { from, to, items: found };
}

/** Whether the token is what is being written at the place. */
function isBegun(token: Token, at: number): boolean {
  if (token.kind === 'string') return token.from < at && (token.isOpen || at < token.to);
  if (token.kind === 'bracket' || token.kind === 'comma' || token.kind === 'number') return false;
  return token.from < at && at <= token.to;
}

function isBehindField(text: string, at: number, place: Place): boolean {
  return place.wants === 'operator' && /\s/.test(text.charAt(at - 1));
}

/** Those that begin with what was typed come first, then those that have it inside. */
function matching(items: readonly Proposal[], typed: string): Proposal[] {
  const wanted = typed.toLowerCase();
  const rank = ({ label }: Proposal) => label.toLowerCase().indexOf(wanted);
  const found = items.filter((item) => rank(item) >= 0);
  return [...found.filter((item) => rank(item) === 0), ...found.filter((item) => rank(item) > 0)];
}

function allProposals(place: Place, vocabulary: Vocabulary): Proposal[] {
  switch (place.wants) {
    case 'field':
      return [
        ...vocabulary.fields[place.object].map(fieldProposal),
        ...(place.isNegated ? [] : [word('NOT', 'turns the condition round')]),
      ];
    case 'operator':
      return operatorProposals(place, vocabulary);
    case 'null':
      return [...(place.isNegated ? [] : [word('NOT NULL', '')]), word('NULL', '')];
    case 'value':
      return valueProposals(place, vocabulary, null);
    case 'separator':
      return [];
    case 'connective':
      return [word('AND', 'both conditions'), word('OR', 'one of the conditions')];
  }
}

function word(label: string, detail: string): Proposal {
  return {
    label,
    detail,
    kind: 'word',
    insert: `${label} `,
    back: 0,
    goesOn: !label.includes('NULL'),
  };
}

function fieldProposal({ name, kind, description }: Field): Proposal {
  if (kind === 'nested') {
    const detail = description || 'a condition in brackets';
    return { label: name, detail, kind, insert: `${name}()`, back: 1, goesOn: true };
  }
  const detail = description || kind;
  return { label: name, detail, kind: 'field', insert: `${name} `, back: 0, goesOn: true };
}

function fieldAt(place: Place, vocabulary: Vocabulary): Field | null {
  const name = place.field?.toLowerCase();
  return vocabulary.fields[place.object].find((known) => known.name.toLowerCase() === name) ?? null;
}

function operatorProposals(place: Place, vocabulary: Vocabulary): Proposal[] {
  const field = fieldAt(place, vocabulary);
  const isText = field === null || field.kind === 'text' || field.kind === 'block';
  return operatorsOf(field)
    .filter((operator) => !place.isNegated || operator.startsWith('NOT '))
    .map((operator) => {
      const shown = place.isNegated ? operator.slice(4) : operator;
      const isList = /\bIN$/.test(operator);
      const isQuoted = isText || field.kind === 'date';
      const hole = isList ? (isQuoted ? ' ("")' : ' ()') : isQuoted ? ' ""' : ' ';
      const isWhole = operator.endsWith('NULL');
      return {
        label: shown,
        detail: operatorDetail(operator),
        kind: 'operator',
        insert: shown + (isWhole ? ' ' : hole),
        back: isWhole ? 0 : isList ? (isQuoted ? 2 : 1) : isQuoted ? 1 : 0,
        goesOn: !isWhole && field?.kind !== 'number',
      };
    });
}

const escaped = /['"`\\]/g;

/** Values as TQL writes them; within a string that is open already, without its first quote. */
function valueProposals(place: Place, vocabulary: Vocabulary, quote: string | null): Proposal[] {
  const field = fieldAt(place, vocabulary);
  if (field?.kind === 'boolean') {
    return quote === null ? ['true', 'false'].map((text) => word(text, '')) : [];
  }
  const isDate = field?.kind === 'date';
  const values = isDate
    ? ['TODAY()', 'NOW()'].map((text) => ({ text, detail: 'when the query is asked' }))
    : place.field === null
      ? []
      : vocabulary.valuesOf(place.object, place.field);
  return values.map(({ text, detail }) => {
    const inner = text.replaceAll(escaped, '\\$&');
    const insert = quote === null ? `"${inner}"` : `${inner}${quote}`;
    return { label: text, detail, kind: 'value', insert, back: 0, goesOn: false };
  });
}
