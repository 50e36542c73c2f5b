/** The address as state, and the question asked before leaving work that is not saved. */
import { useEffect, useSyncExternalStore } from 'react';

import { formatHash, parseHash, type Route } from '../lib/route';

interface State {
  route: Route;
  /** Where the reader wants to go while a guard holds the page. */
  heldHash: string | null;
}

const listeners = new Set<() => void>();
let guards = 0;
let shownHash = window.location.hash;
let state: State = { route: parseHash(shownHash), heldHash: null };

function replaceState(next: State): void {
  state = next;
  for (const listener of listeners) listener();
}

/** Shows what the address says. */
function follow(): void {
  const { hash } = window.location;
  if (hash === shownHash) return;
  const route = parseHash(hash);
  if (guards > 0 && route.path !== state.route.path) {
    // The address goes back to what is still on the page; the reader decides.
    window.history.pushState(null, '', shownHash === '' ? '#/' : shownHash);
    replaceState({ ...state, heldHash: hash });
    return;
  }
  shownHash = hash;
  replaceState({ route, heldHash: null });
}

window.addEventListener('hashchange', follow);

function useRouter(): State {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}

export function useRoute(): Route {
  return useRouter().route;
}

/** Goes to another screen, as a link does. */
export function navigate(path: string, params: Record<string, string> = {}): void {
  window.location.hash = formatHash(path, params);
}

/** Shows another screen in place of this one: the way back does not lead here. */
export function replacePath(path: string): void {
  const hash = formatHash(path);
  window.history.replaceState(null, '', hash);
  shownHash = hash;
  replaceState({ route: parseHash(hash), heldHash: null });
}

/** Changes what narrows this screen, without a step in the history. */
export function setParams(change: Record<string, string | readonly string[]>): void {
  // The reader may have gone elsewhere, and the event that tells it is still to come.
  const { path } = state.route;
  follow();
  if (state.route.path !== path) return;
  const params = new URLSearchParams(state.route.params);
  for (const [name, value] of Object.entries(change)) {
    params.delete(name);
    for (const item of Array.isArray(value) ? (value as string[]) : [value as string]) {
      params.append(name, item);
    }
  }
  const hash = formatHash(path, params);
  window.history.replaceState(null, '', hash);
  shownHash = hash;
  replaceState({ ...state, route: parseHash(hash) });
}

/** While `isActive`, another screen or closing the page is asked about first. */
export function useLeaveGuard(isActive: boolean): {
  isAsked: boolean;
  stay: () => void;
  leave: () => void;
} {
  const { heldHash } = useRouter();
  useEffect(() => {
    if (!isActive) return undefined;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    guards += 1;
    window.addEventListener('beforeunload', ask);
    return () => {
      guards -= 1;
      window.removeEventListener('beforeunload', ask);
    };
  }, [isActive]);
  return {
    isAsked: isActive && heldHash !== null,
    stay: () => replaceState({ ...state, heldHash: null }),
    leave: () => {
      if (heldHash === null) return;
      window.history.replaceState(null, '', heldHash);
      shownHash = heldHash;
      replaceState({ route: parseHash(heldHash), heldHash: null });
    },
  };
}
