/** The editor proper. It is a file of its own, loaded when a window with TQL is to be opened. */
import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionStatus,
  startCompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching } from '@codemirror/language';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { EditorView, keymap, tooltips } from '@codemirror/view';
import { useEffect, useMemo, useRef, type RefObject } from 'react';

import type { Options } from '../api/model';
import { proposalsAt, type Proposal } from './completion';
import { decorations, faultAt } from './decoration';
import { tql } from './language';
import { look } from './look';
import type { TextRange } from './place';
import { singleSpace } from './singleSpace';
import { vocabularyOf, type Vocabulary } from './vocabulary';

export interface TqlEditorProps {
  value: string;
  onChange: (value: string) => void;
  /** The element that names it, and those that describe it. */
  labelledBy: string;
  describedBy: string;
  isInvalid: boolean;
  /** The part of the text that a refusal names. */
  fault: TextRange | null;
  /** What this ThreatConnect has, once it is known. */
  options: Options | undefined;
  /** Where the cursor stood in the plain field, if that had the focus. */
  cursor: number | null;
}

/** What changes from one rendering to the next, where the editor's own callbacks find it. */
type Latest = RefObject<{ onChange: (value: string) => void; vocabulary: Vocabulary }>;

export function TqlEditor(props: TqlEditorProps) {
  const { value, onChange, labelledBy, describedBy, isInvalid, fault, options } = props;
  const vocabulary = useMemo(() => vocabularyOf(options), [options]);
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const beginning = useRef(props);
  const latest = useRef({ onChange, vocabulary });
  const described = useRef(new Compartment());
  const refused = useRef(new Compartment());

  useEffect(() => {
    latest.current = { onChange, vocabulary };
  }, [onChange, vocabulary]);

  useEffect(() => {
    const parent = host.current;
    if (parent === null) return undefined;
    const { value: doc, cursor } = beginning.current;
    const editor = new EditorView({
      parent,
      state: EditorState.create({
        doc,
        selection: { anchor: Math.min(cursor ?? 0, doc.length) },
        extensions: [
          described.current.of(descriptionOf(beginning.current)),
          refused.current.of(faultAt(beginning.current.fault, doc)),
          extensionsOf(latest),
        ],
      }),
    });
    view.current = editor;
    if (cursor !== null) editor.focus();
    return () => {
      editor.destroy();
      view.current = null;
    };
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (editor === null || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);
  useEffect(() => {
    view.current?.dispatch({
      effects: described.current.reconfigure(descriptionOf({ labelledBy, describedBy, isInvalid })),
    });
  }, [labelledBy, describedBy, isInvalid]);

  useEffect(() => {
    const editor = view.current;
    if (editor === null) return;
    const doc = editor.state.doc.toString();
    editor.dispatch({
      effects: refused.current.reconfigure(faultAt(fault, doc)),
      // Whoever is led to the field is led to the place.
      ...(fault === null || fault.to > doc.length
        ? {}
        : { selection: { anchor: fault.to }, scrollIntoView: true }),
    });
  }, [fault]);

  return <div ref={host} />;
}

/** To assistive technology it is a text area like any other. */
function descriptionOf({
  labelledBy,
  describedBy,
  isInvalid,
}: Pick<TqlEditorProps, 'labelledBy' | 'describedBy' | 'isInvalid'>): Extension {
  return EditorView.contentAttributes.of({
    'aria-labelledby': labelledBy,
    'aria-describedby': describedBy,
    ...(isInvalid ? { 'aria-invalid': 'true' } : {}),
  });
}

function extensionsOf(latest: Latest): Extension {
  return [
    tql,
    look,
    decorations,
    history(),
    bracketMatching(),
    closeBrackets(),
    singleSpace,
    autocompletion({
      override: [(context) => resultOf(context, latest)],
      icons: false,
      // The keyboard reaches it at once; nobody types into a list that is not there yet.
      interactionDelay: 0,
    }),
    tooltips({ tooltipSpace: spaceOf }),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({
      spellcheck: 'false',
      autocapitalize: 'off',
      autocorrect: 'off',
      translate: 'no',
      // It is what scrolls as well, and is looked for by this.
      tabindex: '0',
    }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) latest.current.onChange(update.state.doc.toString());
      keepEscape(update.view);
    }),
    // Tab is not among them: it leaves the field, as it does everywhere.
    keymap.of([
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...historyKeymap,
      { key: 'Ctrl-.', run: startCompletion },
      { key: 'Alt-Enter', run: acceptCompletion },
    ]),
  ];
}

/** A window cuts off what reaches out of it, so the proposals stay inside. */
function spaceOf({ dom }: EditorView) {
  const page = document.documentElement;
  const frame = dom.closest('[role="dialog"]')?.getBoundingClientRect();
  return {
    left: Math.max(0, frame?.left ?? 0),
    top: Math.max(0, frame?.top ?? 0),
    right: Math.min(page.clientWidth, frame?.right ?? Infinity),
    bottom: Math.min(page.clientHeight, frame?.bottom ?? Infinity),
  };
}

/** While proposals are open, Escape closes them and not the window around. */
function keepEscape(view: EditorView): void {
  const { contentDOM } = view;
  const name = 'data-mantine-stop-propagation';
  if (completionStatus(view.state) === null) contentDOM.removeAttribute(name);
  else contentDOM.setAttribute(name, 'true');
}

function resultOf(context: CompletionContext, latest: Latest): CompletionResult | null {
  const text = context.state.doc.toString();
  const found = proposalsAt(text, context.pos, latest.current.vocabulary, context.explicit);
  if (found === null) return null;
  return {
    from: found.from,
    to: found.to,
    // They are chosen and in order already.
    filter: false,
    // At each key at once: a list that waits to be made anew would leave Enter to the text.
    update: (_current, _from, _to, later) => resultOf(later, latest),
    options: found.items.map(optionOf),
  };
}

function optionOf(proposal: Proposal): Completion {
  const { label, detail, kind, insert, back, goesOn } = proposal;
  return {
    label,
    type: kind,
    ...(detail === '' ? {} : { detail }),
    apply: (view, _completion, from, to) => {
      // A space that stands there already is not doubled.
      const isSpaced = insert.endsWith(' ') && view.state.sliceDoc(to, to + 1) === ' ';
      view.dispatch({
        changes: { from, to: isSpaced ? to + 1 : to, insert },
        selection: { anchor: from + insert.length - back },
        userEvent: 'input.complete',
        scrollIntoView: true,
      });
      if (goesOn) startCompletion(view);
    },
  };
}
