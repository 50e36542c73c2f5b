/** Marks in the editor's text: faults are underlined, and strings keep their own direction. */
import { Prec, RangeSetBuilder, type Extension } from '@codemirror/state';
import {
  Decoration,
  EditorView,
  ViewPlugin,
  type DecorationSet,
  type ViewUpdate,
} from '@codemirror/view';

import { faultsOf } from './lint';
import type { TextRange } from './place';
import { tokensOf } from './token';

/** A plugin whose marks depend on nothing but the text. */
function marks(make: (text: string) => DecorationSet) {
  return ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;

      constructor(view: EditorView) {
        this.decorations = make(view.state.doc.toString());
      }

      update(update: ViewUpdate) {
        if (update.docChanged) this.decorations = make(update.state.doc.toString());
      }
    },
    { decorations: (plugin) => plugin.decorations },
  );
}

const fault = Decoration.mark({ attributes: { 'data-mark': 'fault' } });

const faults = marks((text) => {
  const builder = new RangeSetBuilder<Decoration>();
  for (const { from, to } of faultsOf(text)) builder.add(from, to, fault);
  return builder.finish();
});

/** What ThreatConnect or the App has refused, until the text is changed. */
export function faultAt(place: TextRange | null, text: string): Extension {
  if (place === null || place.to > text.length) return [];
  return EditorView.decorations.of(Decoration.set([refusal.range(place.from, place.to)]));
}

const refusal = Decoration.mark({ attributes: { 'data-mark': 'refused' } });

const isolated = Decoration.mark({ attributes: { dir: 'auto' }, bidiIsolate: null });

/** So that a name in Arabic does not turn round what stands beside it. */
const strings = marks((text) => {
  const builder = new RangeSetBuilder<Decoration>();
  for (const { kind, from, to, isOpen } of tokensOf(text)) {
    const end = isOpen ? to : to - 1;
    if (kind === 'string' && from + 1 < end) builder.add(from + 1, end, isolated);
  }
  return builder.finish();
});

export const decorations: Extension = [
  faults,
  Prec.lowest([
    strings,
    EditorView.bidiIsolatedRanges.of(
      (view) => view.plugin(strings)?.decorations ?? Decoration.none,
    ),
  ]),
];
