/** Asks before something is done with a Task, and says when it is done. */
import type { ReactNode } from 'react';

import { useTaskAction, type Acting } from '../api/task';
import { showToast } from '../shell/toast';
import { ConfirmDialog } from './ConfirmDialog';

interface TaskDialogProps {
  title: string;
  /** The words of the button. */
  action: string;
  /** What the button does. */
  act: Acting;
  /** What is said afterwards. */
  done: string;
  isHarmless: boolean;
  children: ReactNode;
  onClose: () => void;
}

export function TaskDialog(props: TaskDialogProps) {
  const { title, action, act, done, isHarmless, children, onClose } = props;
  const acting = useTaskAction();
  return (
    <ConfirmDialog
      isOpen
      title={title}
      action={action}
      isHarmless={isHarmless}
      isBusy={acting.isPending}
      error={acting.error}
      onCancel={onClose}
      onConfirm={() =>
        acting.mutate(act, {
          onSuccess: () => {
            showToast({ tone: 'good', title: done });
            onClose();
          },
        })
      }
    >
      {children}
    </ConfirmDialog>
  );
}
