/** After a save: which update follows, and a way not to wait for it. */
import { Button, Group, Text } from '@mantine/core';

import type { Configure } from '../../api/model';
import { Notice } from '../../components/Notice';
import { UpdateSentence } from './NextUpdate';

interface SavedNoticeProps {
  mode: 'delta' | 'full';
  saved: Configure;
  isStarting: boolean;
  onRunNow: () => void;
  onClose: () => void;
}

export function SavedNotice({ mode, saved, isStarting, onRunNow, onClose }: SavedNoticeProps) {
  const { queries, open_update: open } = saved;
  return (
    <Notice tone="good" isLive title="Saved" onClose={onClose}>
      <Group gap="md" justify="space-between">
        <Text size="sm">
          {queries.length === 0 ? (
            'The list is empty, so no update is planned.'
          ) : (
            <UpdateSentence saved={saved} />
          )}
        </Text>
        {queries.length > 0 && open === null && (
          <Button size="xs" variant="default" onClick={onRunNow} loading={isStarting}>
            Run {mode} update now
          </Button>
        )}
      </Group>
    </Notice>
  );
}
