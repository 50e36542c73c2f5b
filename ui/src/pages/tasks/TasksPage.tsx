/** TASKS: how each Task of the Service stands, and a hand on it. */
import { Skeleton, Title } from '@mantine/core';
import { useState } from 'react';

import type { TaskAction } from '../../api/task';
import { useTasks } from '../../api/task';
import type { Task } from '../../api/model';
import { EmptyState } from '../../components/EmptyState';
import { ErrorPanel } from '../../components/ErrorPanel';
import { PageHeader } from '../../components/PageHeader';
import { RefreshControl } from '../../components/RefreshControl';
import { StaleNotice } from '../../components/StaleNotice';
import { TaskActionDialog } from './TaskActionDialog';
import { TaskCard } from './TaskCard';

const groups: readonly Task['group'][] = ['Ingestion pipeline', 'Standalone'];

export function TasksPage() {
  const tasks = useTasks();
  const [asked, setAsked] = useState<{ task: Task; action: TaskAction } | null>(null);
  const refresh = () => void tasks.refetch();

  return (
    <>
      <PageHeader title="Tasks" summary="What the Service does, and how each part of it stands">
        <RefreshControl
          updatedAtMs={tasks.dataUpdatedAt}
          isRefreshing={tasks.isFetching}
          onRefresh={refresh}
        />
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
      {asked !== null && (
        <TaskActionDialog task={asked.task} action={asked.action} onClose={() => setAsked(null)} />
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
      <Title order={2} className="app-group-title">
        {name.toUpperCase()}
      </Title>
      <ul className="app-cards">
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
    <div className="app-cards" aria-busy="true" role="status" aria-label="Loading the Tasks">
      {groups.concat(groups).map((group, index) => (
        <Skeleton key={`${group} ${index}`} height={220} radius="sm" />
      ))}
    </div>
  );
}
