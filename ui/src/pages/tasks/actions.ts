/** What people can do with a Task, in words. */
import type { TaskAction } from '../../api/task';
import type { Task } from '../../api/model';

export const actionNames: Record<TaskAction, string> = {
  run: 'Run',
  pause: 'Pause',
  resume: 'Resume',
  kill: 'Kill',
};

const runWords: Partial<Record<Task['slug'], string>> = {
  'schedule-updates': 'Queues the next scheduled update now, before it is due.',
  verify: 'Compares what Sentinel has with what was sent now, before it is due.',
  match: 'Reads new alerts now, before it is due.',
  cleaner: 'Cleans up now, before the next scheduled run.',
};

export const PAUSE_WORDS =
  'Finishes the current work, then stops. Stays paused across restarts until resumed.';

export const PIPELINE_WORDS =
  'Download, Convert, Upload and Schedule Updates finish their current work, then stop. They stay ' +
  'paused across restarts until resumed.';

/** What will happen, before it is done. */
export function actionWords(task: Task, action: Exclude<TaskAction, 'pause'>): string {
  switch (action) {
    case 'run':
      return runWords[task.slug] ?? 'Looks for work now, outside the schedule.';
    case 'resume':
      return 'Continues where it left off.';
    case 'kill':
      return task.request_ids.length === 0
        ? 'Ends the current work immediately.'
        : `Ends the current work immediately, and ${failing(task)}. What Sentinel has accepted ` +
            'stays there. The next update, or Retry in JOBS, sends what is missing; what a person ' +
            'chose to send or withdraw needs Retry.';
  }
}

function failing(task: Task): string {
  return task.request_ids.length === 1
    ? 'this request becomes Failed'
    : 'these requests become Failed';
}

/** What is said when it has been done, after the name of the Task: `Convert resumed`. */
export const doneWords: Record<TaskAction, string> = {
  run: 'started',
  pause: 'paused',
  resume: 'resumed',
  kill: 'killed',
};
