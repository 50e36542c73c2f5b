/** One object that Sentinel refused when it was sent last, and its words. */
import { Text } from '@mantine/core';

import type { QueryMark, RefusedObject } from '../../api/model';
import { Card } from '../../components/Card';
import { ErrorCode } from '../../components/ErrorCode';
import { Facts } from '../../components/Facts';
import { StatusBadge } from '../../components/StatusBadge';
import { TimeText } from '../../components/TimeText';
import { typeLabel } from '../../lib/label';
import { refusedName } from '../../lib/lookup';
import { counted } from '../../lib/number';
import { JobLink } from '../jobs/JobLink';
import { TakenBy } from './TakenBy';

interface RefusedCardProps {
  refused: RefusedObject;
  /** Those that are saved. */
  queries: readonly QueryMark[];
}

export function RefusedCard({ refused, queries }: RefusedCardProps) {
  const { error } = refused;
  return (
    <Card
      title={`Refused: ${typeLabel(refusedName(refused))}`}
      end={
        <StatusBadge tone="warning" icon="warning">
          Refused
        </StatusBadge>
      }
    >
      <Facts
        facts={[
          { name: 'TQL query', value: <TakenBy position={refused.position} queries={queries} /> },
          {
            name: 'Refused',
            value: `${counted(refused.attempts, 'time')} with this content`,
          },
          {
            name: 'Error',
            value: error ? (
              <>
                <ErrorCode code={error.code} /> <span dir="auto">{error.reason}</span>
              </>
            ) : (
              'No longer stored'
            ),
          },
          { name: 'Last refused', value: error && <TimeText value={error.date_added} /> },
          { name: 'Sent by Job', value: error && <JobLink requestId={error.request_id} /> },
        ]}
      />
      <Text size="xs" c="dimmed" mt="xs">
        The next three delta or reconcile updates try it again. After that, it is sent only when it
        changes or by a full update.
      </Text>
    </Card>
  );
}
