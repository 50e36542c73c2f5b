/** The state of an import: the file that was chosen, and what the API answered to it. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { ApiError } from '../../api/client';
import { configureQuery, useImportConfigure } from '../../api/configure';
import type { Configure, ImportBody, ImportFile } from '../../api/model';
import { comparison, fileOf, MAX_FILE_BYTES, readFile } from '../../lib/transfer';

export type Run = NonNullable<ImportBody['run']> | null;

export interface Picked {
  name: string;
  file: ImportFile;
}

interface State {
  picked: Picked | null;
  /** Why the file that was chosen last is none to import. */
  mistake: { title: string; description: string } | null;
  /** The saved list that the file is compared with, and would replace. */
  base: Configure;
  isOutrun: boolean;
  problem: ApiError | null;
}

const CONFLICT_STATUS = 409;

export function useImporting(saved: Configure, onImported: (run: Run, count: number) => void) {
  const client = useQueryClient();
  const saving = useImportConfigure();
  const [state, setState] = useState<State>({
    picked: null,
    mistake: null,
    base: saved,
    isOutrun: false,
    problem: null,
  });
  const change = (next: Partial<State>) => setState((before) => ({ ...before, ...next }));

  const explain = async (error: ApiError) => {
    if (error.status === CONFLICT_STATUS) {
      try {
        const base = await client.query({ ...configureQuery, staleTime: 0 });
        change({ base, isOutrun: true, problem: null });
        return;
      } catch {
        // The newer list cannot be had just now; the refusal itself is shown.
      }
    }
    change({ problem: error });
  };

  return {
    ...state,
    isSaving: saving.isPending,

    pick: async (file: File) => {
      const refuse = (description: string) =>
        change({
          picked: null,
          problem: null,
          mistake: { title: `${file.name} cannot be imported`, description },
        });
      if (file.size > MAX_FILE_BYTES) {
        refuse('It is larger than 1 MB, so it is not a list of TQL queries.');
        return;
      }
      let text: string;
      try {
        text = await file.text();
      } catch {
        refuse('The browser could not read it. Choose it again.');
        return;
      }
      const found = readFile(text);
      if ('mistake' in found) {
        refuse(`${found.mistake} Choose a file saved by Export.`);
        return;
      }
      change({ picked: { name: file.name, file: found.file }, mistake: null, problem: null });
    },

    send: async (run: Run) => {
      if (state.picked === null) return;
      change({ isOutrun: false, problem: null });
      try {
        await saving.mutateAsync({
          version: state.base.version,
          run,
          confirm_empty: true,
          file: fileOf(state.picked.file, comparison(state.picked.file, state.base.queries).rows),
        });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        await explain(error);
        return;
      }
      onImported(run, state.picked.file.queries.length);
    },
  };
}
