/** The state of editing the list: the draft, the open window, and what a save was answered with. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useEffectEvent, useState } from 'react';

import { ApiError } from '../../api/client';
import { configureQuery, useSaveConfigure } from '../../api/configure';
import type { Configure, Query } from '../../api/model';
import {
  bodyOf,
  changesOf,
  countChanges,
  draftOf,
  fieldsOf,
  freeKey,
  hasChanges,
  messagesByRow,
  withCopy,
  withoutRow,
  withRow,
  withRowAt,
  withRowMoved,
  withRowMovedTo,
  type Draft,
  type DraftRow,
  type QueryFields,
  type RowMessages,
} from '../../lib/draft';
import type { KeptDraft } from '../../lib/keptDraft';
import { counted } from '../../lib/number';
import { showToast } from '../../shell/toast';
import { loadEditor } from '../../tql/TqlField';
import { loadDrag, type Drag } from './loadDrag';
import { answerCalls, callBack, keepUnsaved, unsavedBefore } from './unsaved';

export interface SaveProblem {
  error: ApiError;
  /** Messages that belong to no row. */
  messages: string[];
}

const CONFLICT_STATUS = 409;

/** While `draft` is set the page edits; `base` is the saved list that the draft began from. */
interface State {
  draft: Draft | null;
  /** Decided when editing begins, and kept until it ends. */
  drag: Drag | null;
  base: readonly Query[];
  window: { row: DraftRow | null } | null;
  messages: Map<string, RowMessages>;
  problem: SaveProblem | null;
  conflict: Configure | null;
}

const idle: State = {
  draft: null,
  drag: null,
  base: [],
  window: null,
  messages: new Map(),
  problem: null,
  conflict: null,
};

export function useEditing(saved: Configure) {
  const client = useQueryClient();
  const saving = useSaveConfigure();
  const [state, setState] = useState<State>(idle);
  const [lastSaved, setLastSaved] = useState<'delta' | 'full' | null>(null);
  const [isStarting, setIsStarting] = useState(false);
  const [kept, setKept] = useState(unsavedBefore);
  const { draft, base } = state;
  useEffect(() => {
    if (draft !== null) keepUnsaved(keptOf(draft, base));
  }, [draft, base]);

  const change = (next: Partial<State>) => setState((before) => ({ ...before, ...next }));
  const changeRows = (alter: (rows: readonly DraftRow[]) => DraftRow[]) =>
    setState((before) =>
      before.draft === null
        ? before
        : { ...before, draft: { ...before.draft, rows: alter(before.draft.rows) } },
    );

  const forget = (key: string) =>
    setState((before) => {
      const messages = new Map(before.messages);
      messages.delete(key);
      return { ...before, messages, problem: messages.size === 0 ? null : before.problem };
    });

  const explain = async (error: ApiError, refused: Draft) => {
    if (error.status === CONFLICT_STATUS) {
      try {
        change({ conflict: await client.query({ ...configureQuery, staleTime: 0 }) });
        return;
      } catch {
        // The newer list cannot be had just now; the refusal itself is shown, the draft stays.
      }
    }
    const { byRow, other } = messagesByRow(refused.rows, error.fields);
    change({
      messages: byRow,
      problem: { error, messages: other },
    });
  };

  const begin = async (next: Partial<State>) => {
    setIsStarting(true);
    // Whoever opens a window asks for it again.
    void loadEditor().catch(() => undefined);
    const drag = await loadDrag();
    setIsStarting(false);
    setLastSaved(null);
    setKept(null);
    setState({ ...idle, drag, ...next });
  };
  const end = () => {
    keepUnsaved(null);
    setState(idle);
  };

  /** Goes on with a draft; where the list was saved meanwhile, both are shown first. */
  const restore = (before: KeptDraft) => {
    const isCurrent = before.version === saved.version;
    return begin({
      draft: { version: before.version, rows: [...before.rows] },
      base: isCurrent ? saved.queries : before.base,
      conflict: isCurrent ? null : saved,
    });
  };
  const answer = useEffectEvent((called: KeptDraft) => {
    // What was begun since gives way, and can be called back in turn.
    tellDiscarded(keptOf(draft, base));
    void restore(called);
  });
  useEffect(() => answerCalls((called) => answer(called)), []);

  return {
    ...state,
    lastSaved,
    isStarting,
    isSaving: saving.isPending,
    forgetSaved: () => setLastSaved(null),
    /** The list was saved in another way than by editing it. */
    noteSaved: setLastSaved,

    /** Unsaved changes from before a reload, until they are restored or discarded. */
    kept,
    restoreKept: () => (kept === null ? undefined : void restore(kept)),
    discardKept: () => {
      keepUnsaved(null);
      setKept(null);
    },

    /** Begins to edit, with a window to add a query where that is wanted. */
    start: (window: State['window'] = null) =>
      begin({ draft: draftOf(saved.version, saved.queries), base: saved.queries, window }),
    /** Ends editing. Changes are discarded, and can be called back for a while. */
    discard: () => {
      tellDiscarded(keptOf(draft, base));
      end();
    },

    openWindow: (row: DraftRow | null) => change({ window: { row } }),
    closeWindow: () => change({ window: null }),
    submit: (fields: QueryFields) => {
      const key = state.window?.row?.key ?? freeKey(draft?.rows ?? []);
      changeRows((rows) => withRow(rows, fields, key));
      forget(key);
      change({ window: null });
    },
    move: (row: DraftRow, by: -1 | 1) => changeRows((rows) => withRowMoved(rows, row.key, by)),
    moveTo: (key: string, placeOf: string) =>
      changeRows((rows) => withRowMovedTo(rows, key, placeOf)),
    enable: (row: DraftRow, isEnabled: boolean) =>
      changeRows((rows) => withRow(rows, { ...fieldsOf(row), is_enabled: isEnabled }, row.key)),
    /** To a position counted from 1. */
    moveToPosition: (row: DraftRow, position: number) =>
      changeRows((rows) => withRowAt(rows, row.key, position - 1)),
    duplicate: (row: DraftRow) => changeRows((rows) => withCopy(rows, row.key, freeKey(rows))),
    remove: (row: DraftRow) => {
      changeRows((rows) => withoutRow(rows, row.key));
      forget(row.key);
    },

    /** `withdraw`: ids of deleted queries whose objects are withdrawn. */
    save: async (run: 'delta' | 'full', withdraw: string[]) => {
      if (draft === null) return;
      try {
        await saving.mutateAsync(bodyOf(draft, run, withdraw));
        end();
        setLastSaved(run);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        await explain(error, draft);
      }
    },

    /** The newer list in place of this one's changes. */
    takeNewer: end,
    /** This one's changes, to be saved over the newer list. */
    keepMine: () =>
      setState((before) => {
        if (before.draft === null || before.conflict === null) return before;
        const known = new Set(before.conflict.queries.map((query) => query.id));
        return {
          ...before,
          base: before.conflict.queries,
          conflict: null,
          problem: null,
          draft: {
            version: before.conflict.version,
            // A row that somebody deleted meanwhile is a new one now.
            rows: before.draft.rows.map((row) =>
              row.id !== null && !known.has(row.id) ? { ...row, id: null } : row,
            ),
          },
        };
      }),
    closeConflict: () => change({ conflict: null }),
  };
}

/** The draft as it is kept; `null` without changes. */
function keptOf(draft: Draft | null, base: readonly Query[]): KeptDraft | null {
  if (draft === null || !hasChanges(changesOf(draft.rows, base))) return null;
  return { at: new Date().toISOString(), version: draft.version, base, rows: draft.rows };
}

function tellDiscarded(discarded: KeptDraft | null): void {
  if (discarded === null) return;
  const count = countChanges(changesOf(discarded.rows, discarded.base));
  showToast({
    tone: 'good',
    title: `${counted(count, 'change')} discarded`,
    undo: () => callBack(discarded),
  });
}
