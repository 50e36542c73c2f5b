/** How every query and mutation behaves unless it says otherwise. */
import { MutationCache, QueryClient } from '@tanstack/react-query';

import { isPaused } from '../shell/refresh';
import { showError } from '../shell/toast';
import { ApiError } from './client';

declare module '@tanstack/react-query' {
  interface Register {
    defaultError: ApiError;
    mutationMeta: {
      /** The form shows the failure itself. */
      isShownInPlace?: boolean;
    };
  }
}

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    mutationCache: new MutationCache({
      onError: (error, _variables, _context, mutation) => {
        if (mutation.meta?.isShownInPlace === true) return;
        showError(error);
      },
    }),
    defaultOptions: {
      queries: {
        // A lost connection is an error to be shown, not a reason to wait in silence.
        networkMode: 'always',
        retry: (failures, error) => failures < 1 && error instanceof ApiError && error.isPassing,
        retryDelay: 800,
        staleTime: 2_000,
        refetchOnWindowFocus: () => !isPaused(),
        refetchOnReconnect: true,
        refetchIntervalInBackground: false,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });
}
