/** TASKS: the background work of the Service, to watch, pause, resume, run and end. */
import { Button, Skeleton, Title } from '@mantine/core';
import { useState } from 'react';

import type { TaskAction } from '../../api/task';
import { useTasks } from '../../api/task';
import type { Task } from '../../api/model';
import { EmptyState } from '../../components/EmptyState';
import { ErrorPanel } from '../../components/ErrorPanel';
import { PageHeader } from '../../components/PageHeader';
import { RefreshControl } from '../../components/RefreshControl';
import { StaleNotice } from '../../components/StaleNotice';
import { Icon } from '../../components/Icon';
import { isPausedTask, pipelineTasks } from '../../lib/task';
import { PauseDialog } from './PauseDialog';
import { ResumeDialog } from './ResumeDialog';
import { TaskActionDialog } from './TaskActionDialog';
import { TaskCard } from './TaskCard';
import classes from './TasksPage.module.css';

const groups: readonly Task['group'][] = ['Ingestion pipeline', 'Standalone'];

export function TasksPage() {
  const tasks = useTasks();
  const [pipelineAsked, setPipelineAsked] = useState<'pause' | 'resume' | null>(null);
  const [asked, setAsked] = useState<{ task: Task; action: TaskAction } | null>(null);
  const refresh = () => void tasks.refetch();

  return (
    <>
      <PageHeader
        title="Tasks"
        summary="Background tasks and their status"
        help={['Task', 'Task state']}
      >
        <RefreshControl
          updatedAtMs={tasks.dataUpdatedAt}
          isRefreshing={tasks.isFetching}
          onRefresh={refresh}
        />
        {tasks.data !== undefined && (
          <PipelineButtons tasks={tasks.data.data} onAsk={setPipelineAsked} />
        )}
      </PageHeader>
      <StaleNotice
        error={tasks.error}
        updatedAtMs={tasks.dataUpdatedAt}
        isRetrying={tasks.isFetching}
        onRetry={refresh}
      />
      {tasks.data === undefined && tasks.error !== null && (
        <ErrorPanel error={tasks.error} onRetry={refresh} isRetrying={tasks.isFetching} />
      )}
      {tasks.data === undefined && tasks.error === null && <WaitingCards />}
      {tasks.data?.data.length === 0 && (
        <EmptyState title="There is currently no data to display." />
      )}
      {tasks.data !== undefined &&
        groups.map((group) => (
          <TaskGroup
            key={group}
            name={group}
            tasks={tasks.data.data.filter((task) => task.group === group)}
            updatedAtMs={tasks.dataUpdatedAt}
            onAction={(task, action) => setAsked({ task, action })}
          />
        ))}
      {asked !== null &&
        (asked.action === 'pause' ? (
          <PauseDialog task={asked.task} onClose={() => setAsked(null)} />
        ) : (
          <TaskActionDialog
            task={asked.task}
            action={asked.action}
            onClose={() => setAsked(null)}
          />
        ))}
      {pipelineAsked === 'pause' && (
        <PauseDialog task={null} onClose={() => setPipelineAsked(null)} />
      )}
      {pipelineAsked === 'resume' && tasks.data !== undefined && (
        <ResumeDialog
          names={pausedPipeline(tasks.data.data).map((task) => task.name)}
          onClose={() => setPipelineAsked(null)}
        />
      )}
    </>
  );
}

function pausedPipeline(tasks: readonly Task[]): Task[] {
  return pipelineTasks(tasks).filter(isPausedTask);
}

interface PipelineButtonsProps {
  tasks: readonly Task[];
  onAsk: (action: 'pause' | 'resume') => void;
}

/** Pause and resume all of the pipeline at once. */
function PipelineButtons({ tasks, onAsk }: PipelineButtonsProps) {
  const paused = pausedPipeline(tasks).length;
  return (
    <>
      {paused < pipelineTasks(tasks).length && (
        <Button
          variant="default"
          leftSection={<Icon name="pause" size={14} />}
          onClick={() => onAsk('pause')}
        >
          Pause pipeline
        </Button>
      )}
      {paused > 0 && (
        <Button
          variant="default"
          leftSection={<Icon name="play" size={14} />}
          onClick={() => onAsk('resume')}
        >
          Resume pipeline
        </Button>
      )}
    </>
  );
}

interface TaskGroupProps {
  name: string;
  tasks: readonly Task[];
  updatedAtMs: number;
  onAction: (task: Task, action: TaskAction) => void;
}

function TaskGroup({ name, tasks, updatedAtMs, onAction }: TaskGroupProps) {
  if (tasks.length === 0) return null;
  return (
    <section aria-label={name}>
      <Title order={2} className={classes.heading}>
        {name.toUpperCase()}
      </Title>
      <ul className={classes.cards}>
        {tasks.map((task) => (
          <li key={task.slug}>
            <TaskCard task={task} updatedAtMs={updatedAtMs} onAction={onAction} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function WaitingCards() {
  return (
    <div className={classes.cards} aria-busy="true" role="status" aria-label="Loading the Tasks">
      {groups.concat(groups).map((group, index) => (
        <Skeleton key={`${group} ${index}`} height={220} radius="sm" />
      ))}
    </div>
  );
}
