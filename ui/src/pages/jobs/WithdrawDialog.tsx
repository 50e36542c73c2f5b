/** Shows what a held-back withdrawal would remove, and asks before it is confirmed. */
import { Group, Skeleton, Text } from '@mantine/core';

import { getAllWithdrawable, useWithdraw, useWithdrawable } from '../../api/withdrawal';
import type { Job, WithdrawableObject } from '../../api/model';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { DataTable, type Column } from '../../components/DataTable';
import { DownloadMenu, type DownloadFormat } from '../../components/DownloadMenu';
import { ErrorPanel } from '../../components/ErrorPanel';
import { LongText } from '../../components/LongText';
import { Mono } from '../../components/Mono';
import { QueryName } from '../../components/QueryName';
import { csvText } from '../../lib/csv';
import { typeLabel } from '../../lib/label';
import { counted, formatCount } from '../../lib/number';
import { withdrawableCells, withdrawableHeading } from '../../lib/withdrawal';
import { showToast } from '../../shell/toast';
import { withdrawName } from './JobActions';
import { WhichRequest } from './WhichRequest';

const columns: Column<WithdrawableObject>[] = [
  {
    key: 'value',
    heading: 'Value',
    cell: (object) => (
      <Mono>
        <LongText text={object.value} />
      </Mono>
    ),
  },
  {
    key: 'type',
    heading: 'Type',
    width: 96,
    cell: ({ type, hash_kind: hash }) => [typeLabel(type), hash].filter(Boolean).join(', '),
  },
  { key: 'owner', heading: 'Owner', width: '22%', cell: ({ owner }) => <bdi>{owner}</bdi> },
  {
    key: 'query',
    heading: 'Query',
    width: '24%',
    cell: ({ query }) =>
      query === null ? (
        <Text span inherit c="dimmed">
          Deleted query
        </Text>
      ) : (
        <QueryName position={query.current_position} query={query} />
      ),
  },
];

const formats: readonly DownloadFormat<WithdrawableObject>[] = [
  {
    name: 'CSV',
    ending: 'csv',
    type: 'text/csv',
    textOf: (objects) => csvText(withdrawableHeading, objects.map(withdrawableCells)),
  },
];

export function WithdrawDialog({ job, onClose }: { job: Job; onClose: () => void }) {
  const withdraw = useWithdraw();
  const count = job.count_held_back;
  return (
    <ConfirmDialog
      isOpen
      size="xl"
      title={`${withdrawName(job)}?`}
      action={withdrawName(job)}
      isBusy={withdraw.isPending}
      error={withdraw.error}
      onCancel={onClose}
      onConfirm={() =>
        withdraw.mutate(job.request_id, {
          onSuccess: ({ request_ids: ids }) => {
            showToast({
              tone: 'good',
              title: 'Withdrawal confirmed',
              text: `${counted(ids.length, 'Job')} queued for it.`,
            });
            onClose();
          },
        })
      }
    >
      <Text size="sm" mb="sm">
        These exceed the withdraw limit, so nothing was removed. Confirming re-checks them and marks
        up to {counted(count, 'object')} as revoked. This can&apos;t be undone: an Indicator that
        returns later gets a new ID in Microsoft Sentinel.
      </Text>
      <WithdrawableTable job={job} />
      <WhichRequest job={job} />
    </ConfirmDialog>
  );
}

function WithdrawableTable({ job }: { job: Job }) {
  const objects = useWithdrawable(job.request_id);
  if (objects.data === undefined) {
    return objects.error === null ? (
      <Skeleton height={160} />
    ) : (
      <ErrorPanel
        error={objects.error}
        onRetry={() => void objects.refetch()}
        isRetrying={objects.isFetching}
      />
    );
  }
  const { data, total_count: total } = objects.data;
  return (
    <>
      <Group justify="space-between" mb="xs">
        <Text size="sm">
          {total > data.length
            ? `First ${formatCount(data.length)} of ${counted(total, 'object')}`
            : counted(total, 'object')}
        </Text>
        <DownloadMenu
          noun="object"
          content="withdrawal"
          formats={formats}
          getRows={(walk) => getAllWithdrawable(job.request_id, walk)}
        />
      </Group>
      <DataTable
        label="Objects to withdraw"
        columns={columns}
        rows={data}
        rowKey={(object) => `${object.type} ${object.hash_kind ?? ''} ${object.value}`}
        minWidth={520}
        isFixed
        isStacked
        empty={
          <Text size="sm" c="dimmed">
            Nothing is left to withdraw: every object has returned, expired, or gone already.
          </Text>
        }
      />
    </>
  );
}
