/** When the next scheduled update is, and a way not to wait for it. */
import { Button, Group, Text } from '@mantine/core';

import type { Configure } from '../../api/model';
import { Icon } from '../../components/Icon';
import { TimeDistance, TimeText } from '../../components/TimeText';
import { useNow } from '../../shell/clock';

interface NextUpdateProps {
  saved: Configure;
  isStarting: boolean;
  onRunNow: () => void;
}

export function NextUpdate({ saved, isStarting, onRunNow }: NextUpdateProps) {
  return (
    <Group justify="space-between" mt="md" gap="md">
      <Text size="sm" c="dimmed" component="div">
        <Sentence saved={saved} />
        {saved.last_run !== null && (
          <>
            {' '}
            The last one ran <TimeDistance value={saved.last_run} />.
          </>
        )}
      </Text>
      <Button
        variant="default"
        size="xs"
        leftSection={<Icon name="play" size={14} />}
        loading={isStarting}
        onClick={onRunNow}
      >
        Run delta update now
      </Button>
    </Group>
  );
}

const words = { delta: 'a delta', full: 'a full', reconcile: 'a reconcile' };

function Sentence({ saved }: { saved: Configure }) {
  const now = useNow();
  const next = saved.next_update;
  if (next === null) return <>No update is planned yet.</>;
  if (new Date(next.at).getTime() <= now) {
    return <>{words[next.mode]} update is due and starts as soon as nothing else runs.</>;
  }
  return (
    <>
      The next update is {words[next.mode]} update, <TimeDistance value={next.at} />, at{' '}
      <TimeText value={next.at} />.
    </>
  );
}

NextUpdate.Sentence = Sentence;
