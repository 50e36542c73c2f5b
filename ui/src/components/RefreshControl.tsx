/** The zone of its times, when the page was last refreshed, a button to do it now, and the one pause switch. */
import { ActionIcon, Group, Tooltip } from '@mantine/core';

import { formatSpan } from '../lib/time';
import { useNow } from '../shell/clock';
import { setPaused, usePaused } from '../shell/refresh';
import { Icon } from './Icon';
import classes from './RefreshControl.module.css';
import { TimesIn } from './TimesIn';

interface RefreshControlProps {
  /** When the data on the page came, in milliseconds; 0 before there is any. */
  updatedAtMs: number;
  isRefreshing: boolean;
  onRefresh: () => void;
}

export function RefreshControl({ updatedAtMs, isRefreshing, onRefresh }: RefreshControlProps) {
  const isPaused = usePaused();
  const now = useNow();
  const age = Math.max(0, (now - updatedAtMs) / 1000);
  const pauseLabel = isPaused ? 'Resume auto-refresh' : 'Pause auto-refresh';
  return (
    <Group gap={6} wrap="nowrap">
      <TimesIn>
        <span>
          {isPaused && <strong>Paused. </strong>}
          {updatedAtMs > 0 && `Refreshed ${age < 2 ? 'just now' : `${formatSpan(age)} ago`}`}
        </span>
      </TimesIn>
      <Tooltip label="Refresh now">
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="Refresh now"
          onClick={onRefresh}
          data-busy={isRefreshing || undefined}
          className={classes.refresh}
        >
          <Icon name="refresh" />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={pauseLabel}>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="Pause auto-refresh"
          aria-pressed={isPaused}
          onClick={() => setPaused(!isPaused)}
        >
          <Icon name={isPaused ? 'play' : 'pause'} />
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}
