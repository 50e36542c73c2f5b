/** A completion ends in a space where something follows; the one typed after it takes its place. */
import { StateField, type EditorState, type Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';

/** Right behind the space that a completion left, until anything else is done. */
const behindCompletion = StateField.define<number | null>({
  create: () => null,
  update: (at, transaction) => {
    if (transaction.isUserEvent('input.complete')) return placeBehind(transaction.state);
    return transaction.docChanged || transaction.selection !== undefined ? null : at;
  },
});

function placeBehind({ selection, doc }: EditorState): number | null {
  const { head } = selection.main;
  return head > 0 && doc.sliceString(head - 1, head) === ' ' ? head : null;
}

export const singleSpace: Extension = [
  behindCompletion,
  EditorView.inputHandler.of((view, from, to, text) => {
    if (text !== ' ' || from !== to || view.state.field(behindCompletion) !== from) return false;
    // Setting the cursor where it is makes the next space an ordinary one.
    view.dispatch({ selection: { anchor: from } });
    return true;
  }),
];
