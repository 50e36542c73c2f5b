/** Which system is waited for because it does not answer; its tooltip and its code say more. */
import { Text, Tooltip, VisuallyHidden } from '@mantine/core';

import type { Trouble } from '../api/model';
import { troubleReason, troubleWords } from '../lib/trouble';
import { useNow } from '../shell/clock';
import { ErrorCode } from './ErrorCode';
import { Flag } from './Flag';

export function TroubleText({ trouble }: { trouble: Trouble }) {
  const now = useNow();
  const reason = troubleReason(trouble);
  return (
    <Text component="span" fz="xs">
      <Tooltip label={reason} multiline maw={420}>
        <Flag>
          {troubleWords(trouble, now)}
          <VisuallyHidden>. {reason}</VisuallyHidden>
        </Flag>
      </Tooltip>{' '}
      <ErrorCode code={trouble.code} />
    </Text>
  );
}
