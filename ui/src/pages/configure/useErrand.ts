/** One question at a time that takes its while, and that nobody has to wait for to the end. */
import { useEffect, useRef, useState } from 'react';

import { ApiError } from '../../api/client';

export type Errand<Answer> =
  | { state: 'idle' }
  | { state: 'asking'; sinceMs: number }
  | { state: 'answered'; answer: Answer }
  | { state: 'failed'; error: ApiError };

type Ask<Answer> = (signal: AbortSignal) => Promise<Answer>;

export function useErrand<Answer>() {
  const [errand, setErrand] = useState<Errand<Answer>>({ state: 'idle' });
  const under = useRef<AbortController>(undefined);
  useEffect(() => () => under.current?.abort(), []);

  const drop = () => {
    under.current?.abort();
    setErrand({ state: 'idle' });
  };

  /** Asks in place of what was asked before; what comes of it, or `null` when it was dropped. */
  const run = async (ask: Ask<Answer>): Promise<Errand<Answer> | null> => {
    under.current?.abort();
    const controller = new AbortController();
    under.current = controller;
    setErrand({ state: 'asking', sinceMs: Date.now() });
    let found: Errand<Answer>;
    try {
      found = { state: 'answered', answer: await ask(controller.signal) };
    } catch (error) {
      if (controller.signal.aborted) return null;
      if (!(error instanceof ApiError)) throw error;
      found = { state: 'failed', error };
    }
    if (controller.signal.aborted) return null;
    setErrand(found);
    return found;
  };

  return { errand, run, drop };
}
