/** ThreatConnect did not answer: what Sentinel has is shown all the same. */
import { Text } from '@mantine/core';

import { Notice } from '../../components/Notice';

export function SourceNotice({ error }: { error: string }) {
  return (
    <Notice tone="warning" title="ThreatConnect is unavailable; showing Sentinel status only">
      <Text size="sm" dir="auto">
        {error}
      </Text>
    </Notice>
  );
}
