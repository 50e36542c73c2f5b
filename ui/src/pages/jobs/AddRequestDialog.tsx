/** "Add Request": an update at once, of some or all queries. */
import { Button, Group, MultiSelect, Radio, Skeleton, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import { useConfigure } from '../../api/configure';
import { useRequestUpdate } from '../../api/job';
import type { Configure, UpdateBody } from '../../api/model';
import { Dialog, DialogFoot } from '../../components/Dialog';
import { ErrorPanel } from '../../components/ErrorPanel';
import { MomentField } from '../../components/MomentField';
import { counted } from '../../lib/number';
import { numberedLabel } from '../../lib/queryName';
import { showToast } from '../../shell/toast';

interface Props {
  onAdded: (updateId: string) => void;
  onClose: () => void;
}

export function AddRequestDialog({ onAdded, onClose }: Props) {
  const configure = useConfigure();
  return (
    <Dialog isOpen onClose={onClose} title="Add Request" size="lg">
      {configure.data !== undefined ? (
        <RequestForm saved={configure.data} onAdded={onAdded} onClose={onClose} />
      ) : configure.error !== null ? (
        <ErrorPanel
          error={configure.error}
          onRetry={() => void configure.refetch()}
          isRetrying={configure.isFetching}
        />
      ) : (
        <Skeleton height={220} />
      )}
    </Dialog>
  );
}

const modeWords: Record<UpdateBody['mode'], string> = {
  delta: 'Sends what was modified since the last run of each query, or after the time below.',
  full: 'Sends everything the queries return.',
  reconcile: 'Reads everything, and sends what is new, changed, aging, or missing in Sentinel.',
};

function RequestForm({ saved, onAdded, onClose }: Props & { saved: Configure }) {
  const [mode, setMode] = useState<UpdateBody['mode']>('delta');
  const [queryIds, setQueryIds] = useState<string[]>([]);
  const [after, setAfter] = useState('');
  const request = useRequestUpdate({ isShownInPlace: true });

  if (saved.queries.length === 0) {
    return (
      <Stack>
        <Text size="sm">There is no TQL query yet, so there is nothing to update.</Text>
        <Group justify="flex-end">
          <Button component="a" href="#/configure">
            Go to CONFIGURE
          </Button>
        </Group>
      </Stack>
    );
  }

  const submit = () =>
    request.mutate(
      {
        mode,
        query_ids: queryIds.length === 0 ? null : queryIds,
        modified_after: mode === 'delta' && after !== '' ? after : null,
      },
      {
        onSuccess: ({ request_ids: ids, update_id: updateId }) => {
          onAdded(updateId);
          showToast({
            tone: 'good',
            title: 'Request added',
            text: `${counted(ids.length, 'Job')} queued.`,
          });
          onClose();
        },
      },
    );

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Stack gap="md">
        {request.error !== null && <ErrorPanel error={request.error} />}
        <Radio.Group
          label="Update"
          value={mode}
          onChange={(value) => setMode(value === 'full' || value === 'reconcile' ? value : 'delta')}
        >
          <Stack gap="xs" mt={6}>
            {(['delta', 'full', 'reconcile'] as const).map((value) => (
              <Radio
                key={value}
                value={value}
                label={{ delta: 'Delta', full: 'Full', reconcile: 'Reconcile' }[value]}
                description={modeWords[value]}
              />
            ))}
          </Stack>
        </Radio.Group>
        <MultiSelect
          label="Queries"
          placeholder={queryIds.length === 0 ? 'All' : ''}
          clearable
          clearButtonProps={{ 'aria-label': 'Clear Queries' }}
          data={saved.queries.map((query, index) => ({
            value: query.id,
            label: `${numberedLabel(index, query)}${query.is_enabled ? '' : ' (disabled)'}`,
            disabled: !query.is_enabled,
          }))}
          value={queryIds}
          onChange={setQueryIds}
        />
        <MomentField
          label="Modified after"
          description={
            mode === 'delta'
              ? 'Leave empty to start from each query’s last run.'
              : 'Only a delta update has a start.'
          }
          isDisabled={mode !== 'delta'}
          value={after}
          onChange={setAfter}
        />
        <DialogFoot>
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose} disabled={request.isPending}>
              Cancel
            </Button>
            <Button type="submit" loading={request.isPending}>
              Add Request
            </Button>
          </Group>
        </DialogFoot>
      </Stack>
    </form>
  );
}
