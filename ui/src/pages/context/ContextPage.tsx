/** REPORTS, CONTEXT: who is behind the Indicators, as far as Sentinel is told. */
import { Skeleton } from '@mantine/core';

import { useContextState } from '../../api/context';
import { ErrorPanel } from '../../components/ErrorPanel';
import { PageHeader } from '../../components/PageHeader';
import { RefreshControl } from '../../components/RefreshControl';
import { StaleNotice } from '../../components/StaleNotice';
import type { Context } from '../../api/model';
import { isContextOn } from '../../lib/context';
import { ActorTable } from './ActorTable';
import { ContextState } from './ContextState';
import { RefusedTable } from './RefusedTable';

export function ContextPage() {
  const state = useContextState();
  const refresh = () => void state.refetch();
  return (
    <>
      <PageHeader
        title="Context"
        summary="Who is behind the Indicators in Microsoft Sentinel?"
        help={['Context object', 'Context state']}
      >
        <RefreshControl
          updatedAtMs={state.dataUpdatedAt}
          isRefreshing={state.isFetching}
          onRefresh={refresh}
        />
      </PageHeader>
      <StaleNotice
        error={state.error}
        updatedAtMs={state.dataUpdatedAt}
        isRetrying={state.isFetching}
        onRetry={refresh}
      />
      {state.data !== undefined ? (
        <Known state={state.data} />
      ) : state.error !== null ? (
        <ErrorPanel error={state.error} onRetry={refresh} isRetrying={state.isFetching} />
      ) : (
        <div role="status" aria-busy="true" aria-label="Loading the context">
          <Skeleton height={150} mb="md" />
          <Skeleton height={240} />
        </div>
      )}
    </>
  );
}

function Known({ state }: { state: Context }) {
  const hasSent = state.live.some(({ count }) => count > 0) || state.count_waiting > 0;
  return (
    <>
      <ContextState state={state} />
      {state.count_refused > 0 && <RefusedTable count={state.count_refused} />}
      {(isContextOn(state) || hasSent) && <ActorTable choice={state.choice} />}
    </>
  );
}
