/** Why the tables of the workspace could not be read: what to do comes first. */
import { Text } from '@mantine/core';

import type { LogsError } from '../api/model';
import { CodeLine } from './ErrorCode';
import { FullMessage } from './FullMessage';
import { Notice } from './Notice';

interface LogsErrorNoticeProps {
  error: LogsError;
  title: string;
}

export function LogsErrorNotice({ error, title }: LogsErrorNoticeProps) {
  return (
    <Notice tone="bad" title={title}>
      {error.remedy !== '' && (
        <Text size="sm" fw={600} dir="auto">
          {error.remedy}
        </Text>
      )}
      <Text size="sm" dir="auto">
        {error.message}
      </Text>
      <CodeLine code={error.code} />
      <FullMessage text={error.reason} />
    </Notice>
  );
}
