/** How the editor looks: like the other fields of the page, in either color scheme. */
import { EditorView } from '@codemirror/view';

const LINE_PX = 20;

export const look = EditorView.theme({
  '&': {
    color: 'var(--mantine-color-text)',
    backgroundColor: 'var(--tql-ground)',
    border: '1px solid var(--mantine-color-default-border)',
    borderRadius: 'var(--mantine-radius-default)',
    fontSize: '13px',
    marginBottom: '5px',
  },
  '&.cm-focused': {
    outline: 'none',
    borderColor: 'var(--mantine-primary-color-filled)',
  },
  '&:has([aria-invalid])': { borderColor: 'var(--mantine-color-error)' },
  // What the App would refuse, and what ThreatConnect has refused.
  '[data-mark]': {
    textDecoration: 'underline wavy var(--app-bad)',
    textUnderlineOffset: '3px',
  },
  '[data-mark=refused]': {
    borderRadius: '2px',
    backgroundColor: 'var(--app-bad-ground)',
  },
  '.cm-scroller': {
    minHeight: `${5 * LINE_PX + 14}px`,
    maxHeight: `${16 * LINE_PX + 14}px`,
    overflow: 'auto',
    fontFamily: 'var(--mantine-font-family-monospace)',
    lineHeight: `${LINE_PX}px`,
  },
  '.cm-content': { padding: '6px 0', caretColor: 'var(--mantine-color-text)' },
  '.cm-line': { padding: '0 10px' },
  '&.cm-focused .cm-matchingBracket': {
    color: 'inherit',
    backgroundColor: 'var(--app-chosen)',
    outline: '1px solid var(--app-active)',
    borderRadius: '2px',
  },
  '&.cm-focused .cm-nonmatchingBracket': {
    color: 'var(--app-bad)',
    backgroundColor: 'var(--app-bad-ground)',
  },
  '.cm-tooltip.cm-tooltip-autocomplete': {
    overflow: 'hidden',
    border: '1px solid var(--mantine-color-default-border)',
    borderRadius: 'var(--mantine-radius-default)',
    backgroundColor: 'var(--mantine-color-body)',
    boxShadow: '0 6px 20px rgb(0 0 0 / 18%)',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': {
    maxHeight: '240px',
    minWidth: '280px',
    fontFamily: 'var(--mantine-font-family-monospace)',
    fontSize: '12.5px',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': {
    display: 'flex',
    alignItems: 'baseline',
    gap: '16px',
    padding: '4px 10px',
    color: 'var(--mantine-color-text)',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    color: 'var(--mantine-color-text)',
    backgroundColor: 'var(--app-chosen)',
  },
  '.cm-completionLabel': { flex: '1', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' },
  '.cm-completionDetail': {
    marginLeft: '0',
    color: 'var(--mantine-color-dimmed)',
    fontFamily: 'var(--mantine-font-family)',
    fontSize: '12px',
    fontStyle: 'normal',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected] .cm-completionDetail': {
    color: 'var(--mantine-color-text)',
  },
});
