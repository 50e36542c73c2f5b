/** The Tasks, how each stands, and what people do with them. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { isAtWork } from '../lib/task';
import { useRefreshInterval } from '../shell/refresh';
import { get, post } from './client';
import type { PauseBody, Task, TaskPage } from './model';

const REFRESH_MS = 15_000;
/** While one runs, what it works on changes quickly. */
const RUNNING_REFRESH_MS = 3_000;

export type TaskAction = 'run' | 'pause' | 'resume' | 'kill';

export function useTasks() {
  const idle = useRefreshInterval(REFRESH_MS);
  const running = useRefreshInterval(RUNNING_REFRESH_MS);
  return useQuery({
    queryKey: ['task'],
    queryFn: ({ signal }) => get<TaskPage>('task', {}, signal),
    refetchInterval: (query) => (query.state.data?.data.some(isAtWork) === true ? running : idle),
  });
}

/** `send-now` is for Upload alone, and stands beside the wait that it ends. */
type Action = TaskAction | 'send-now';

/** Download, Convert, Upload and Schedule Updates, which are paused and resumed at once. */
export const PIPELINE = 'pipeline';
/** What a pause or another action is for. */
export type TaskSubject = Task['slug'] | typeof PIPELINE;

/** What is done with which Tasks. */
export interface Acting {
  slug: TaskSubject;
  action: Action;
  /** How long a pause lasts, and why. */
  pause?: PauseBody;
}

export function useTaskAction() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ slug, action, pause = {} }: Acting) =>
      post<unknown>(slug === PIPELINE ? `task/${action}` : `task/${slug}/${action}`, pause),
    meta: { isShownInPlace: true },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ['task'] });
      void client.invalidateQueries({ queryKey: ['job'] });
      void client.invalidateQueries({ queryKey: ['metric'] });
      void client.invalidateQueries({ queryKey: ['health'] });
    },
  });
}
