/** Asks how long a Task or the whole pipeline is paused, and why. */
import { Group, Radio, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';

import { PIPELINE, useTaskAction } from '../../api/task';
import type { Task } from '../../api/model';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import flag from '../../components/Flag.module.css';
import { MomentField } from '../../components/MomentField';
import { pauseUntil, type PauseLength } from '../../lib/task';
import { showToast } from '../../shell/toast';
import { PAUSE_WORDS, PIPELINE_WORDS } from './actions';

const MAX_REASON_CHARS = 200;

const lengths: readonly { value: PauseLength; label: string }[] = [
  { value: 'resumed', label: 'Until resumed' },
  { value: '30m', label: '30 minutes' },
  { value: '1h', label: '1 hour' },
  { value: '4h', label: '4 hours' },
  { value: 'time', label: 'Until a time' },
];

interface PauseDialogProps {
  /** `null` for the whole pipeline. */
  task: Task | null;
  onClose: () => void;
}

export function PauseDialog({ task, onClose }: PauseDialogProps) {
  const [length, setLength] = useState<PauseLength>('resumed');
  const [time, setTime] = useState('');
  const [reason, setReason] = useState('');
  const [isMissing, setMissing] = useState(false);
  const act = useTaskAction();
  const refusals = new Map(act.error?.fields.map((each) => [each.field, each.message]));
  const timeFault =
    isMissing && time === '' ? 'must be within the next 30 days' : refusals.get('until');
  const reasonFault = refusals.get('reason');
  const name = task === null ? 'the pipeline' : task.name;

  const pause = () => {
    if (length === 'time' && time === '') {
      setMissing(true);
      return;
    }
    act.mutate(
      {
        slug: task === null ? PIPELINE : task.slug,
        action: 'pause',
        pause: { until: pauseUntil(length, time, Date.now()), reason: reason.trim() || null },
      },
      {
        onSuccess: () => {
          showToast({ tone: 'good', title: `${task?.name ?? 'Pipeline'} paused` });
          onClose();
        },
      },
    );
  };

  return (
    <ConfirmDialog
      isOpen
      title={`Pause ${name}?`}
      action="Pause"
      isHarmless
      isBusy={act.isPending}
      error={refusals.size > 0 ? null : act.error}
      onCancel={onClose}
      onConfirm={pause}
    >
      <Stack gap="md">
        <Text size="sm">{task === null ? PIPELINE_WORDS : PAUSE_WORDS}</Text>
        <Radio.Group
          label="Pause for"
          value={length}
          onChange={(value) =>
            setLength(lengths.find((each) => each.value === value)?.value ?? 'resumed')
          }
        >
          <Group gap="md" mt={6}>
            {lengths.map((each) => (
              <Radio key={each.value} value={each.value} label={each.label} />
            ))}
          </Group>
        </Radio.Group>
        {length === 'time' && (
          <div>
            <MomentField label="Resumes at" value={time} onChange={setTime} />
            {timeFault !== undefined && (
              <Text size="xs" className={flag.flag} data-tone="bad" role="alert">
                The time {timeFault}.
              </Text>
            )}
          </div>
        )}
        <TextInput
          label="Reason"
          description="Optional. Shown wherever the pause is shown."
          maxLength={MAX_REASON_CHARS}
          error={reasonFault === undefined ? undefined : `The reason ${reasonFault}.`}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
      </Stack>
    </ConfirmDialog>
  );
}
