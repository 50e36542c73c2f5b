/** The figures of the chart, newest first; times without any are left out. */
import { Text } from '@mantine/core';

import { DataTable, type Column } from '../../components/DataTable';
import { NumberText } from '../../components/NumberText';
import { formatCount } from '../../lib/number';
import { bucketLabel, type Bucket, type Period } from '../../lib/period';
import { useZone } from '../../shell/zone';

function number(key: 'sent' | 'refused' | 'jobs' | 'jobsFailed', heading: string): Column<Bucket> {
  return {
    key,
    heading,
    align: 'right',
    width: 120,
    cell: (bucket) => <NumberText>{formatCount(bucket[key])}</NumberText>,
  };
}

export function HistoryTable({ buckets, period }: { buckets: readonly Bucket[]; period: Period }) {
  const zone = useZone();
  const columns: Column<Bucket>[] = [
    { key: 'when', heading: 'When', cell: (bucket) => bucketLabel(bucket, period, zone) },
    number('sent', 'Sent'),
    number('refused', 'Refused'),
    number('jobs', 'Jobs'),
    number('jobsFailed', 'Failed Jobs'),
  ];
  return (
    <DataTable
      label={`Indicators sent and refused in ${period.label}`}
      columns={columns}
      rows={buckets.filter(({ jobs, sent, refused }) => jobs + sent + refused > 0).reverse()}
      rowKey={(bucket) => String(bucket.startMs)}
      empty={
        <Text size="sm" c="dimmed" ta="center" py="md">
          No activity in this period
        </Text>
      }
    />
  );
}
