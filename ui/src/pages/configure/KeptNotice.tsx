/** After a reload: unsaved changes are offered, and come back only when they are asked for. */
import { Button, Group, Text } from '@mantine/core';

import { Notice } from '../../components/Notice';
import { TimeText } from '../../components/TimeText';
import { changesOf, describeChanges } from '../../lib/draft';
import type { KeptDraft } from '../../lib/keptDraft';
import { capitalized } from '../../lib/number';

interface KeptNoticeProps {
  kept: KeptDraft;
  isStarting: boolean;
  onRestore: () => void;
  onDiscard: () => void;
}

export function KeptNotice({ kept, isStarting, onRestore, onDiscard }: KeptNoticeProps) {
  return (
    <Notice tone="warning" isLive>
      <Group gap="md" justify="space-between">
        <Text size="sm">
          Your unsaved changes from <TimeText value={kept.at} /> were kept.{' '}
          {capitalized(describeChanges(changesOf(kept.rows, kept.base)))}.
        </Text>
        <Group gap="sm">
          <Button size="xs" variant="default" onClick={onDiscard}>
            Discard
          </Button>
          <Button size="xs" loading={isStarting} onClick={onRestore}>
            Restore
          </Button>
        </Group>
      </Group>
    </Notice>
  );
}
