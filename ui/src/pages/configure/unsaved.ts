/** Unsaved changes of this tab: kept over a reload, and called back after they were discarded. */
import { keepDraft, keyOfDraft, readDraft, type KeptDraft } from '../../lib/keptDraft';
import { navigate } from '../../shell/router';

const key = keyOfDraft(document.baseURI);

/** What a reload left behind; `null` where nothing was unsaved. */
export function unsavedBefore(): KeptDraft | null {
  return readDraft(sessionStorage, key);
}

export function keepUnsaved(draft: KeptDraft | null): void {
  keepDraft(sessionStorage, key, draft);
}

type Answer = (draft: KeptDraft) => void;

let answer: Answer | null = null;
let waiting: KeptDraft | null = null;

function deliver(): void {
  if (answer === null || waiting === null) return;
  const draft = waiting;
  waiting = null;
  answer(draft);
}

/** Takes discarding back, from whatever screen is open now. */
export function callBack(draft: KeptDraft): void {
  waiting = draft;
  navigate('configure');
  deliver();
}

/** What is called back while the list is shown, or was before it was there, is edited again. */
export function answerCalls(next: Answer): () => void {
  answer = next;
  queueMicrotask(deliver);
  return () => {
    if (answer === next) answer = null;
  };
}
