/** Whether the errors of a line still hold, and what is done by itself about those that do. */
import { Text } from '@mantine/core';

import type { ReportedError } from '../../api/model';
import { StatusBadge } from '../../components/StatusBadge';
import { TimeText } from '../../components/TimeText';
import { triesWords } from '../../lib/errorState';
import { formatCount } from '../../lib/number';

export function StateCell({ error }: { error: ReportedError }) {
  return (
    <>
      <StateBadge state={error.state} />
      <Text size="xs" c="dimmed" component="div">
        {error.state === 'open' && error.count_open < error.count && (
          <div>
            {formatCount(error.count_open)} of {formatCount(error.count)}
          </div>
        )}
        {error.state === 'open' ? (
          triesWords(error)
        ) : (
          <TimeText value={error.date_state} isNarrow />
        )}
      </Text>
    </>
  );
}

export function StateBadge({ state }: { state: ReportedError['state'] }) {
  switch (state) {
    case 'open':
      return (
        <StatusBadge tone="warning" icon="warning">
          Open
        </StatusBadge>
      );
    case 'resolved':
      return (
        <StatusBadge tone="good" icon="check">
          Resolved
        </StatusBadge>
      );
    case 'superseded':
      return (
        <StatusBadge tone="neutral" icon="change">
          Superseded
        </StatusBadge>
      );
  }
}
