/** Which update is running or comes next, and a way not to wait for it. */
import { Button, Group, Text } from '@mantine/core';

import type { Configure } from '../../api/model';
import { Icon } from '../../components/Icon';
import { Link } from '../../components/Link';
import { TimeDistance, TimeText } from '../../components/TimeText';
import { isDue } from '../../lib/nextUpdate';
import { capitalized } from '../../lib/number';
import { formatHash } from '../../lib/route';
import { useNow } from '../../shell/clock';

interface NextUpdateProps {
  saved: Configure;
  isStarting: boolean;
  onRunNow: () => void;
}

export function NextUpdate({ saved, isStarting, onRunNow }: NextUpdateProps) {
  return (
    <Group justify="space-between" gap="md">
      <Text size="sm" c="dimmed" component="div">
        <UpdateSentence saved={saved} />
        {saved.last_run !== null && (
          <>
            {' '}
            Last update: <TimeDistance value={saved.last_run} />.
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

/** What is running now, and what follows it; a whole sentence or two. */
export function UpdateSentence({ saved }: { saved: Configure }) {
  const now = useNow();
  const { next_update: next, open_update: open } = saved;
  const due = next !== null && isDue(saved, now) ? capitalized(words[next.mode]) : null;
  if (open?.date_started != null) {
    return (
      <>
        {capitalized(words[open.mode])} update is running now.{' '}
        <Link href={formatHash('jobs')}>View in JOBS</Link>
        {due !== null && `. ${due} update is queued and will start when the current one finishes.`}
      </>
    );
  }
  if (open !== null) return <>{capitalized(words[open.mode])} update is queued and starts soon.</>;
  if (next === null) return <>No update is planned.</>;
  if (due !== null) return <>{due} update is due and starts soon.</>;
  return (
    <>
      Next update: {next.mode}, <TimeDistance value={next.at} /> (<TimeText value={next.at} />
      ).
    </>
  );
}
