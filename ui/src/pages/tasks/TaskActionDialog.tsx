/** Asks before a Task is run, resumed or killed. */
import { Text } from '@mantine/core';

import { useTaskAction, type TaskAction } from '../../api/task';
import type { Task } from '../../api/model';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { showToast } from '../../shell/toast';
import { actionNames, actionWords, doneWords } from './actions';

interface TaskActionDialogProps {
  task: Task;
  action: Exclude<TaskAction, 'pause'>;
  onClose: () => void;
}

export function TaskActionDialog({ task, action, onClose }: TaskActionDialogProps) {
  const act = useTaskAction();
  const name = actionNames[action];
  return (
    <ConfirmDialog
      isOpen
      title={`${name} ${task.name}?`}
      action={name}
      isHarmless={action !== 'kill'}
      isBusy={act.isPending}
      error={act.error}
      onCancel={onClose}
      onConfirm={() =>
        act.mutate(
          { slug: task.slug, action },
          {
            onSuccess: () => {
              showToast({ tone: 'good', title: `${task.name} ${doneWords[action]}` });
              onClose();
            },
          },
        )
      }
    >
      <Text size="sm">{actionWords(task, action)}</Text>
      {action === 'kill' &&
        task.request_ids.map((requestId) => (
          <Text size="sm" mt="xs" key={requestId}>
            Request <span className="app-mono">{requestId}</span>
          </Text>
        ))}
    </ConfirmDialog>
  );
}
