/** Asks before all of the pipeline that is paused is resumed. */
import { Text } from '@mantine/core';

import { PIPELINE, useTaskAction } from '../../api/task';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { showToast } from '../../shell/toast';

interface ResumeDialogProps {
  /** The paused Tasks. */
  names: readonly string[];
  onClose: () => void;
}

export function ResumeDialog({ names, onClose }: ResumeDialogProps) {
  const act = useTaskAction();
  return (
    <ConfirmDialog
      isOpen
      title="Resume the pipeline?"
      action="Resume"
      isHarmless
      isBusy={act.isPending}
      error={act.error}
      onCancel={onClose}
      onConfirm={() =>
        act.mutate(
          { slug: PIPELINE, action: 'resume' },
          {
            onSuccess: () => {
              showToast({ tone: 'good', title: 'Pipeline resumed' });
              onClose();
            },
          },
        )
      }
    >
      <Text size="sm">Continues where it left off: {names.join(', ')}.</Text>
    </ConfirmDialog>
  );
}
