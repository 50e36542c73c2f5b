/** One Task: what it does, its status, its current work, and what can be done with it. */
import { ActionIcon, Button, Group, Text, Title, Tooltip } from '@mantine/core';
import { useId } from 'react';

import type { TaskAction } from '../../api/task';
import type { Task } from '../../api/model';
import { AskedWait } from '../../components/AskedWait';
import danger from '../../components/danger.module.css';
import flag from '../../components/Flag.module.css';
import { Icon, type IconName } from '../../components/Icon';
import { Link } from '../../components/Link';
import { PauseText } from '../../components/PauseText';
import { StatusBadge } from '../../components/StatusBadge';
import { TimeText } from '../../components/TimeText';
import { TroubleText } from '../../components/TroubleText';
import { classNames } from '../../lib/classNames';
import { formatHash } from '../../lib/route';
import type { Tone } from '../../lib/status';
import {
  heartbeatShare,
  isAtWork,
  isPausedTask,
  periodWords,
  taskActions,
  taskTone,
  taskWords,
} from '../../lib/task';
import { counted } from '../../lib/number';
import { useNow } from '../../shell/clock';
import { actionNames } from './actions';
import { HeartbeatBar } from './HeartbeatBar';
import classes from './TaskCard.module.css';

interface TaskCardProps {
  task: Task;
  /** When this state of it came, in milliseconds. */
  updatedAtMs: number;
  onAction: (task: Task, action: TaskAction) => void;
}

const icons: Record<Task['state'], IconName> = {
  idle: 'done',
  running: 'play',
  finishing: 'pause',
  paused: 'pause',
};

const actionIcons: Record<TaskAction, IconName> = {
  run: 'play',
  pause: 'pause',
  resume: 'play',
  kill: 'cancel',
};

export function TaskCard({ task, updatedAtMs, onAction }: TaskCardProps) {
  const id = useId();
  const now = useNow();
  const sinceFetchS = (now - updatedAtMs) / 1000;
  const share = heartbeatShare(task, sinceFetchS);
  const tone = taskTone(task, share);
  return (
    <article className={classes.card} data-tone={tone} aria-labelledby={id}>
      <div className={classes.head}>
        <Title order={3} size="h5" id={id}>
          {task.name}
        </Title>
        <Tooltip label={task.description}>
          <ActionIcon
            variant="transparent"
            color="gray"
            size="sm"
            aria-label={`About ${task.name}: ${task.description}`}
          >
            <Icon name="info" />
          </ActionIcon>
        </Tooltip>
      </div>
      <Text size="sm" c="dimmed">
        {periodWords(task.period_seconds)}, timeout{' '}
        {counted(Math.round(task.timeout_minutes * 10) / 10, 'minute')}
      </Text>
      <div className={classes.body}>
        <div>
          <StatusBadge tone={tone} icon={tone === 'bad' ? 'alert' : icons[task.state]}>
            {taskWords(task)}
          </StatusBadge>
        </div>
        <Remarks task={task} tone={tone} />
        {share !== null && task.heartbeat_age !== null && (
          <HeartbeatBar
            share={share}
            ageS={task.heartbeat_age + Math.max(0, sinceFetchS)}
            at={task.last_heartbeat}
            timeoutMinutes={task.timeout_minutes}
            tone={tone}
          />
        )}
      </div>
      <Group gap="xs" className={classes.actions}>
        {taskActions(task).map((action) => (
          <Button
            key={action}
            size="xs"
            variant={action === 'kill' ? 'subtle' : 'default'}
            className={action === 'kill' ? classNames(danger.quiet, classes.kill) : undefined}
            leftSection={<Icon name={actionIcons[action]} size={14} />}
            aria-label={`${actionNames[action]} ${task.name}`}
            onClick={() => onAction(task, action)}
          >
            {actionNames[action]}
          </Button>
        ))}
      </Group>
    </article>
  );
}

/** The sentences of a card: what it works on and waits for, who paused it, and its last run. */
function Remarks({ task, tone }: { task: Task; tone: Tone }) {
  return (
    <>
      {tone === 'bad' && (
        <Text size="sm" className={flag.flag} data-tone="bad">
          No heartbeat for longer than its timeout. The watchdog kills it within a minute.
        </Text>
      )}
      {task.request_ids.length > 0 && (
        <Text size="sm" component="div">
          Request ID{' '}
          {task.request_ids.map((requestId, index) => (
            <span key={requestId}>
              {index > 0 && ', '}
              <Tooltip label={requestId}>
                <Link
                  isMono
                  href={formatHash('jobs', { open: requestId })}
                  aria-label={`Job ${requestId}`}
                >
                  {requestId.slice(0, 8)}
                </Link>
              </Tooltip>
            </span>
          ))}
        </Text>
      )}
      {task.asked_wait !== null && <AskedWait wait={task.asked_wait} />}
      {task.trouble !== null && <TroubleText trouble={task.trouble} />}
      {isPausedTask(task) && task.date_paused !== null && (
        <Text size="sm" component="div" className={classes.words}>
          <PauseText
            name=""
            by={task.paused_by}
            since={task.date_paused}
            until={task.paused_until}
            reason={task.pause_reason}
          />
        </Text>
      )}
      {!isAtWork(task) && <LastRun task={task} />}
    </>
  );
}

function LastRun({ task }: { task: Task }) {
  if (task.last_run_end === null) {
    return (
      <Text size="sm" c="dimmed">
        Nothing to do since the Service started
      </Text>
    );
  }
  return (
    <Text size="sm" component="div" className={classes.words}>
      <Text span inherit c="dimmed">
        Last run <TimeText value={task.last_run_end} />
      </Text>
      <br />
      <bdi>{task.last_run_outcome}</bdi>
    </Text>
  );
}
