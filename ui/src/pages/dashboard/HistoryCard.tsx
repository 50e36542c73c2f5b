/** Sent and refused over time, as a chart or as a table. */
import { Button, Group, Skeleton, Text } from '@mantine/core';
import { useState } from 'react';

import { useHistory } from '../../api/metric';
import type { MetricSummary } from '../../api/model';
import { Card } from '../../components/Card';
import { ColumnChart, Legend, type Series } from '../../components/ColumnChart';
import { ErrorPanel } from '../../components/ErrorPanel';
import { Icon } from '../../components/Icon';
import { counted, formatCount } from '../../lib/number';
import {
  bucketLabel,
  bucketsOf,
  periods,
  tickEvery,
  tickLabel,
  type Bucket,
  type Period,
} from '../../lib/period';
import { historyWords } from '../../lib/history';
import { setParams } from '../../shell/router';
import { useZone } from '../../shell/zone';
import classes from './HistoryCard.module.css';
import { HistoryTable } from './HistoryTable';

const series: readonly Series[] = [
  { name: 'Sent', look: 'main' },
  { name: 'Refused', look: 'refused' },
];

interface HistoryCardProps {
  summary: MetricSummary;
  period: Period;
  nowMs: number;
}

export function HistoryCard({ summary, period, nowMs }: HistoryCardProps) {
  const [isTable, setIsTable] = useState(false);
  const zone = useZone();
  const history = useHistory(period.hours, summary);
  const buckets = history.data && bucketsOf(history.data, period, nowMs, zone);
  const end = (
    <Group gap="sm">
      <PeriodButtons chosen={period} />
      <Button
        size="compact-xs"
        variant="default"
        aria-pressed={isTable}
        leftSection={<Icon name="columns" size={14} />}
        onClick={() => setIsTable(!isTable)}
      >
        As a table
      </Button>
    </Group>
  );
  return (
    <Card title="Indicators sent and refused" end={end} isWide>
      {buckets !== undefined ? (
        <History
          buckets={buckets}
          period={period}
          isTable={isTable}
          isRunning={summary.running !== null}
        />
      ) : history.error !== null ? (
        <ErrorPanel
          error={history.error}
          onRetry={() => void history.refetch()}
          isRetrying={history.isFetching}
        />
      ) : (
        <Skeleton height={240} />
      )}
    </Card>
  );
}

function PeriodButtons({ chosen }: { chosen: Period }) {
  return (
    <div role="group" aria-label="Period">
      <Button.Group>
        {periods.map((period) => (
          <Button
            key={period.name}
            size="compact-xs"
            variant="default"
            className={classes.period}
            aria-pressed={period.name === chosen.name}
            onClick={() => setParams({ period: period.name })}
          >
            {period.label}
          </Button>
        ))}
      </Button.Group>
    </div>
  );
}

interface HistoryProps {
  buckets: readonly Bucket[];
  period: Period;
  isTable: boolean;
  isRunning: boolean;
}

function History({ buckets, period, isTable, isRunning }: HistoryProps) {
  const zone = useZone();
  const sum = (key: 'sent' | 'refused' | 'jobs') =>
    buckets.reduce((total, bucket) => total + bucket[key], 0);
  return (
    <>
      <Group justify="space-between" gap="sm">
        <Legend series={series} />
        <Text size="sm" c="dimmed">
          {historyWords(sum('sent'), sum('refused'), sum('jobs'), isRunning)}
        </Text>
      </Group>
      {isTable ? (
        <HistoryTable buckets={buckets} period={period} />
      ) : (
        <ColumnChart
          label={`Indicators sent and refused in ${period.label}`}
          series={series}
          columns={buckets.map((bucket, index) => ({
            key: bucket.startMs,
            label: bucketLabel(bucket, period, zone),
            tick: index % tickEvery(period) === 0 ? tickLabel(bucket, period, zone) : null,
            values: [bucket.sent, bucket.refused],
            note: jobWords(bucket),
          }))}
        />
      )}
    </>
  );
}

function jobWords({ jobs, jobsFailed, sent }: Bucket): string {
  if (jobs === 0) return sent > 0 ? 'Sent so far' : 'No Job completed';
  const failed = jobsFailed > 0 ? `, ${formatCount(jobsFailed)} failed` : '';
  return `${counted(jobs - jobsFailed, 'Job')} completed${failed}`;
}
