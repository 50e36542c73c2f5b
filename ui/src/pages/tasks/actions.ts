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
  'schedule-updates':
    'The next scheduled update of all TQL queries is queued at once, instead of when it is due.',
  cleaner: 'It cleans up at once, instead of when it is its turn.',
};

/** What will happen, before it is done. */
export function actionWords(task: Task, action: TaskAction): string {
  switch (action) {
    case 'run':
      return runWords[task.slug] ?? 'It looks for work at once, outside its schedule.';
    case 'pause':
      return (
        'It takes up nothing further; what is under way ends by itself. It stays paused, also ' +
        'after a restart of the Service, until somebody resumes it.'
      );
    case 'resume':
      return 'It takes up requests again, where it left off.';
    case 'kill':
      return task.request_ids.length === 0
        ? 'What it does is ended at once.'
        : `What it does is ended at once, and ${failing(task)}. What Sentinel has accepted ` +
            'stays there; the next update, or Retry in JOBS, takes up what is missing.';
  }
}

function failing(task: Task): string {
  return task.request_ids.length === 1
    ? 'the request it works on becomes Failed'
    : 'the requests it works on become Failed';
}

/** What is said when it has been done. */
export const doneWords: Record<TaskAction, string> = {
  run: 'was told to run.',
  pause: 'is paused.',
  resume: 'goes on.',
  kill: 'was killed.',
};
