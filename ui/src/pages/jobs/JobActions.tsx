/** Buttons for what the state of a Job allows. */
import { Button, Group } from '@mantine/core';

import type { Job } from '../../api/model';
import { Icon, type IconName } from '../../components/Icon';
import { jobActions, type JobAction } from '../../lib/jobAction';
import { counted } from '../../lib/number';

export type OnJobAction = (job: Job, action: JobAction) => void;

const icons: Record<JobAction, IconName> = {
  retry: 'refresh',
  cancel: 'cancel',
  withdraw: 'trash',
};

export function JobActions({ job, onAction }: { job: Job; onAction: OnJobAction }) {
  const actions = jobActions(job);
  if (actions.length === 0) return null;
  return (
    <Group gap={6}>
      {actions.map((action) => (
        <Button
          key={action}
          size="compact-xs"
          variant="default"
          leftSection={<Icon name={icons[action]} size={13} />}
          aria-label={`${actionName(job, action)}: ${job.request_id}`}
          onClick={() => onAction(job, action)}
        >
          {actionName(job, action)}
        </Button>
      ))}
    </Group>
  );
}

export function actionName(job: Job, action: JobAction): string {
  if (action === 'retry') return 'Retry';
  if (action === 'cancel') return 'Cancel';
  return withdrawName(job);
}

/** `Withdraw 240 objects`; a File has one for each of its hashes. */
export function withdrawName(job: Job): string {
  return `Withdraw ${counted(job.count_held_back, 'object')}`;
}
