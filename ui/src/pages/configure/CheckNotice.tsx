/** The state of the validation before Submit; nobody has to wait for a ThreatConnect that is slow. */
import { Button, Group, Text } from '@mantine/core';

import type { TqlChecked } from '../../api/model';
import { CodeLine } from '../../components/ErrorCode';
import { Notice } from '../../components/Notice';
import { useNow } from '../../shell/clock';
import type { Errand } from './useErrand';

interface CheckNoticeProps {
  errand: Errand<TqlChecked>;
  /** Submits what could not be checked. */
  onAccept: () => void;
}

/** From then on it may be submitted without an answer. */
const PATIENCE_MS = 3_000;

export function CheckNotice({ errand, onAccept }: CheckNoticeProps) {
  if (errand.state === 'asking') return <Waiting sinceMs={errand.sinceMs} onAccept={onAccept} />;
  if (errand.state !== 'failed') return null;
  return (
    <Notice tone="warning" isLive title="ThreatConnect could not validate this query">
      <Group justify="space-between" gap="md" wrap="nowrap" align="flex-start">
        <div>
          <Text size="sm">
            {errand.error.description} You can submit it anyway. If its TQL is not valid, its next
            Job fails and says why.
          </Text>
          <CodeLine code={errand.error.code} />
        </div>
        <AcceptButton onAccept={onAccept} />
      </Group>
    </Notice>
  );
}

function Waiting({ sinceMs, onAccept }: { sinceMs: number; onAccept: () => void }) {
  const isSlow = useNow() - sinceMs >= PATIENCE_MS;
  return (
    <Group justify="space-between" gap="md" wrap="nowrap">
      <Text size="sm" c="dimmed" role="status">
        {isSlow ? 'ThreatConnect is slow to respond.' : 'Validating TQL...'}
      </Text>
      {isSlow && <AcceptButton onAccept={onAccept} />}
    </Group>
  );
}

function AcceptButton({ onAccept }: { onAccept: () => void }) {
  return (
    <Button size="xs" variant="default" flex="none" onClick={onAccept}>
      Submit without validation
    </Button>
  );
}
