/** How the check before Submit stands: nobody has to wait for a ThreatConnect that does not answer. */
import { Button, Group, Text } from '@mantine/core';

import type { TqlChecked } from '../../api/model';
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
    <Notice tone="warning" isLive title="ThreatConnect could not check this query">
      <Group justify="space-between" gap="md" wrap="nowrap" align="flex-start">
        <Text size="sm">
          {errand.error.description} You can submit it all the same: should its TQL be wrong, its
          next Job says so.
        </Text>
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
        {isSlow
          ? 'ThreatConnect is slow to answer whether it takes this TQL.'
          : 'Asking ThreatConnect whether it takes this TQL ...'}
      </Text>
      {isSlow && <AcceptButton onAccept={onAccept} />}
    </Group>
  );
}

function AcceptButton({ onAccept }: { onAccept: () => void }) {
  return (
    <Button size="xs" variant="default" flex="none" onClick={onAccept}>
      Submit unchecked
    </Button>
  );
}
