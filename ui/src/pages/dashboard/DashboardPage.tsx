/** DASHBOARD: what is in Sentinel, what was sent, the backlog, and whether all is well. */
import { Skeleton, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, type ComponentType } from 'react';

import { useSummary } from '../../api/metric';
import type { Context, MetricSummary } from '../../api/model';
import { ErrorPanel } from '../../components/ErrorPanel';
import { Link } from '../../components/Link';
import { Notice } from '../../components/Notice';
import { PageHeader } from '../../components/PageHeader';
import { RefreshControl } from '../../components/RefreshControl';
import { StaleNotice } from '../../components/StaleNotice';
import { periodOf, type Period } from '../../lib/period';
import { useNow } from '../../shell/clock';
import { replacePath, useRoute } from '../../shell/router';
import { QueryCard, TypeCard } from './CountCards';
import classes from './DashboardPage.module.css';
import { HealthCard } from './HealthCard';
import { HistoryCard } from './HistoryCard';
import { ReadBackCards } from './ReadBackCards';
import { RunningUpdate } from './RunningUpdate';
import { Tiles } from './Tiles';

interface Loaded {
  default: ComponentType<{ context: Context }>;
}

/** There for those who send context alone, and so in the file that comes later. */
const ContextCard = lazy(() =>
  import('../further').then(
    ({ ContextCard: Card }): Loaded => ({ default: Card }),
    (): Loaded => ({ default: () => null }),
  ),
);

function hasQueries(summary: MetricSummary): boolean {
  return summary.by_query.some(({ position }) => position !== null);
}

export function DashboardPage() {
  const { path, params } = useRoute();
  const period = periodOf(params.get('period'));
  const summary = useSummary(period.hours);
  const client = useQueryClient();
  // Everything on the screen, the chart included.
  const refresh = () => void client.refetchQueries({ type: 'active' });

  // Without a query there is only one thing to do.
  const isForConfigure = path === '' && summary.data !== undefined && !hasQueries(summary.data);
  useEffect(() => {
    if (isForConfigure) replacePath('configure');
  }, [isForConfigure]);
  if (isForConfigure) return null;

  return (
    <>
      <PageHeader
        title="Dashboard"
        summary="Indicators in Microsoft Sentinel, recent activity, and backlog"
      >
        <RefreshControl
          updatedAtMs={summary.dataUpdatedAt}
          isRefreshing={summary.isFetching}
          onRefresh={refresh}
        />
      </PageHeader>
      <StaleNotice
        error={summary.error}
        updatedAtMs={summary.dataUpdatedAt}
        isRetrying={summary.isFetching}
        onRetry={refresh}
      />
      {summary.data !== undefined ? (
        <Figures summary={summary.data} period={period} />
      ) : summary.error !== null ? (
        <ErrorPanel error={summary.error} onRetry={refresh} isRetrying={summary.isFetching} />
      ) : (
        <Waiting />
      )}
    </>
  );
}

function Figures({ summary, period }: { summary: MetricSummary; period: Period }) {
  const nowMs = useNow();
  return (
    <>
      {!hasQueries(summary) && (
        <Notice tone="active" title="No queries yet">
          <Text size="sm">
            Add a query in <Link href="#/configure">CONFIGURE</Link> to start sending Indicators.
          </Text>
        </Notice>
      )}
      <Tiles summary={summary} nowMs={nowMs} />
      {summary.running !== null && <RunningUpdate summary={summary} update={summary.running} />}
      <div className={classes.cards}>
        <HistoryCard summary={summary} period={period} nowMs={nowMs} />
        <ReadBackCards summary={summary} />
        {summary.context !== null && (
          <Suspense fallback={null}>
            <ContextCard context={summary.context} />
          </Suspense>
        )}
        <TypeCard summary={summary} />
        <QueryCard summary={summary} />
        <HealthCard summary={summary} />
      </div>
    </>
  );
}

function Waiting() {
  return (
    <div className={classes.cards} role="status" aria-busy="true" aria-label="Loading the figures">
      <Skeleton height={110} className={classes.wide} />
      <Skeleton height={290} className={classes.wide} />
      <Skeleton height={200} />
      <Skeleton height={200} />
    </div>
  );
}
