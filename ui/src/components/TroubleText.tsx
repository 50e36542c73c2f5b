/** Which system is waited for because it does not answer; the tooltip says what it ended in. */
import { Tooltip, VisuallyHidden } from '@mantine/core';

import type { Trouble } from '../api/model';
import { troubleReason, troubleWords } from '../lib/trouble';
import { useNow } from '../shell/clock';
import { Flag } from './Flag';

export function TroubleText({ trouble }: { trouble: Trouble }) {
  const now = useNow();
  const reason = troubleReason(trouble);
  return (
    <Tooltip label={reason} multiline maw={420}>
      <Flag>
        {troubleWords(trouble, now)}
        <VisuallyHidden>. {reason}</VisuallyHidden>
      </Flag>
    </Tooltip>
  );
}
