/** Asks before all of the pipeline that is paused is resumed. */
import { Text } from '@mantine/core';

import { PIPELINE } from '../../api/task';
import { TaskDialog } from '../../components/TaskDialog';

interface ResumeDialogProps {
  /** The paused Tasks. */
  names: readonly string[];
  onClose: () => void;
}

export function ResumeDialog({ names, onClose }: ResumeDialogProps) {
  return (
    <TaskDialog
      title="Resume the pipeline?"
      action="Resume"
      act={{ slug: PIPELINE, action: 'resume' }}
      done="Pipeline resumed"
      isHarmless
      onClose={onClose}
    >
      <Text size="sm">Continues where it left off: {names.join(', ')}.</Text>
    </TaskDialog>
  );
}
