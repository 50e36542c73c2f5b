/** The state of editing the list: the draft, the open window, and what a save was answered with. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { ApiError } from '../../api/client';
import { configureQuery, useSaveConfigure } from '../../api/configure';
import type { Configure, Query } from '../../api/model';
import {
  bodyOf,
  draftOf,
  fieldsOf,
  messagesByRow,
  withoutRow,
  withRow,
  withRowMoved,
  withRowMovedTo,
  type Draft,
  type DraftRow,
  type QueryFields,
  type RowMessages,
} from '../../lib/draft';
import { loadEditor } from '../../tql/TqlField';
import { loadDrag, type Drag } from './loadDrag';

export interface SaveProblem {
  title: string;
  description: string;
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

let addedRows = 0;

export function useEditing(saved: Configure) {
  const client = useQueryClient();
  const saving = useSaveConfigure();
  const [state, setState] = useState<State>(idle);
  const [lastSaved, setLastSaved] = useState<'delta' | 'full' | null>(null);
  const [isStarting, setIsStarting] = useState(false);

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

  const explain = async (error: ApiError, draft: Draft) => {
    if (error.status === CONFLICT_STATUS) {
      try {
        change({ conflict: await client.query({ ...configureQuery, staleTime: 0 }) });
        return;
      } catch {
        // The newer list cannot be had just now; the refusal itself is shown, the draft stays.
      }
    }
    const { byRow, other } = messagesByRow(draft.rows, error.fields);
    change({
      messages: byRow,
      problem: { title: error.title, description: error.description, messages: other },
    });
  };

  return {
    ...state,
    lastSaved,
    isStarting,
    isSaving: saving.isPending,
    forgetSaved: () => setLastSaved(null),
    /** The list was saved in another way than by editing it. */
    noteSaved: setLastSaved,

    /** Begins to edit, with a window to add a query where that is wanted. */
    start: async (window: State['window'] = null) => {
      setIsStarting(true);
      // Whoever opens a window asks for it again.
      void loadEditor().catch(() => undefined);
      const drag = await loadDrag();
      setIsStarting(false);
      setLastSaved(null);
      const draft = draftOf(saved.version, saved.queries);
      setState({ ...idle, draft, drag, base: saved.queries, window });
    },
    stop: () => setState(idle),

    openWindow: (row: DraftRow | null) => change({ window: { row } }),
    closeWindow: () => change({ window: null }),
    submit: (fields: QueryFields) => {
      const key = state.window?.row?.key ?? `added-${++addedRows}`;
      changeRows((rows) => withRow(rows, fields, key));
      forget(key);
      change({ window: null });
    },
    move: (row: DraftRow, by: -1 | 1) => changeRows((rows) => withRowMoved(rows, row.key, by)),
    moveTo: (key: string, placeOf: string) =>
      changeRows((rows) => withRowMovedTo(rows, key, placeOf)),
    enable: (row: DraftRow, isEnabled: boolean) =>
      changeRows((rows) => withRow(rows, { ...fieldsOf(row), is_enabled: isEnabled }, row.key)),
    remove: (row: DraftRow) => {
      changeRows((rows) => withoutRow(rows, row.key));
      forget(row.key);
    },

    save: async (run: 'delta' | 'full') => {
      const { draft } = state;
      if (draft === null) return;
      try {
        await saving.mutateAsync(bodyOf(draft, run));
        setState(idle);
        setLastSaved(run);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        await explain(error, draft);
      }
    },

    /** The newer list in place of this one's changes. */
    takeNewer: () => setState(idle),
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
