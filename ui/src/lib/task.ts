/** What the state of a Task means to the eye, and what can be done in it. */
import type { TaskAction } from '../api/task';
import type { Task } from '../api/model';
import type { Tone } from './status';

const words: Record<Task['state'], string> = {
  idle: 'Idle',
  running: 'Running ...',
  finishing: 'Finishing Run...',
  paused: 'Pending Jobs Paused...',
};

export function taskWords(task: Task): string {
  return words[task.state];
}

/** Whether it does something at this moment. */
export function isAtWork(task: Task): boolean {
  return task.state === 'running' || task.state === 'finishing';
}

export function isPausedTask(task: Task): boolean {
  return task.state === 'paused' || task.state === 'finishing';
}

/** Share of the time-out used since the last heartbeat; `null` while it does not run. */
export function heartbeatShare(task: Task, sinceFetchS: number): number | null {
  if (!isAtWork(task) || task.heartbeat_age === null) return null;
  return Math.min(1, (task.heartbeat_age + Math.max(0, sinceFetchS)) / (task.timeout_minutes * 60));
}

/** The color of its card; from half of the time-out on, something is slow. */
export function taskTone(task: Task, share: number | null): Tone {
  if (share !== null && share >= 1) return 'bad';
  if (share !== null && share >= 0.5) return 'warning';
  if (isPausedTask(task)) return 'warning';
  return task.state === 'running' ? 'active' : 'neutral';
}

/** What its state allows, in the order of the buttons. */
export function taskActions(task: Task): TaskAction[] {
  const actions: TaskAction[] = [];
  if (task.state === 'idle') actions.push('run');
  actions.push(isPausedTask(task) ? 'resume' : 'pause');
  if (isAtWork(task)) actions.push('kill');
  return actions;
}

/** The Tasks that are paused and resumed at once. */
const pipeline: readonly Task['slug'][] = ['download', 'convert', 'upload', 'schedule-updates'];

export function pipelineTasks(tasks: readonly Task[]): Task[] {
  return tasks.filter((task) => pipeline.includes(task.slug));
}

export type PauseLength = '30m' | '1h' | '4h' | 'time' | 'resumed';

const lengthMinutes: Record<PauseLength, number | null> = {
  '30m': 30,
  '1h': 60,
  '4h': 240,
  time: null,
  resumed: null,
};

/** When a pause that begins now ends by itself, RFC 3339 in UTC; `null` for never. */
export function pauseUntil(length: PauseLength, time: string, nowMs: number): string | null {
  if (length === 'time') return time === '' ? null : time;
  const minutes = lengthMinutes[length];
  return minutes === null ? null : new Date(nowMs + minutes * 60_000).toISOString();
}

/** How often it looks for work: `Every 5 seconds`. */
export function periodWords(seconds: number): string {
  const [count, unit] = seconds % 60 === 0 ? [seconds / 60, 'minute'] : [seconds, 'second'];
  return count === 1 ? `Every ${unit}` : `Every ${count} ${unit}s`;
}
