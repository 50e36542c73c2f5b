/** Asks before a Task is run, resumed or killed. */
import { Text } from '@mantine/core';

import type { TaskAction } from '../../api/task';
import type { Task } from '../../api/model';
import { Mono } from '../../components/Mono';
import { TaskDialog } from '../../components/TaskDialog';
import { actionNames, actionWords, doneWords } from './actions';

interface TaskActionDialogProps {
  task: Task;
  action: Exclude<TaskAction, 'pause'>;
  onClose: () => void;
}

export function TaskActionDialog({ task, action, onClose }: TaskActionDialogProps) {
  const name = actionNames[action];
  return (
    <TaskDialog
      title={`${name} ${task.name}?`}
      action={name}
      act={{ slug: task.slug, action }}
      done={`${task.name} ${doneWords[action]}`}
      isHarmless={action !== 'kill'}
      onClose={onClose}
    >
      <Text size="sm">{actionWords(task, action)}</Text>
      {action === 'kill' &&
        task.request_ids.map((requestId) => (
          <Text size="sm" mt="xs" key={requestId}>
            Request <Mono>{requestId}</Mono>
          </Text>
        ))}
    </TaskDialog>
  );
}
