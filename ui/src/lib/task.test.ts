import { expect, test } from 'vitest';

import { makeTask } from '../test/factories';
import {
  heartbeatShare,
  pauseUntil,
  periodWords,
  pipelineTasks,
  taskActions,
  taskTone,
  taskWords,
} from './task';

test.each([
  ['idle', ['run', 'pause']],
  ['running', ['pause', 'kill']],
  ['finishing', ['resume', 'kill']],
  ['paused', ['resume']],
] as const)('%s allows %j', (state, actions) => {
  expect(taskActions(makeTask({ state }))).toEqual(actions);
});

test('the states have the words of the guide', () => {
  const states = ['idle', 'running', 'finishing', 'paused'] as const;
  expect(states.map((state) => taskWords(makeTask({ state })))).toEqual([
    'Idle',
    'Running ...',
    'Finishing Run...',
    'Pending Jobs Paused...',
  ]);
});

test('the heartbeat ages between two looks at it', () => {
  const task = makeTask({ state: 'running', heartbeat_age: 60, timeout_minutes: 20 });
  expect(heartbeatShare(task, 0)).toBe(0.05);
  expect(heartbeatShare(task, 540)).toBe(0.5);
  expect(heartbeatShare(task, -5)).toBe(0.05);
  expect(heartbeatShare(task, 9999)).toBe(1);
});

test('what does not run has no heartbeat', () => {
  expect(heartbeatShare(makeTask({ state: 'idle', heartbeat_age: 60 }), 0)).toBeNull();
  expect(heartbeatShare(makeTask({ state: 'running', heartbeat_age: null }), 0)).toBeNull();
});

test('a Task that gives no sign of life looks so', () => {
  const running = makeTask({ state: 'running' });
  expect(taskTone(running, 0.1)).toBe('active');
  expect(taskTone(running, 0.5)).toBe('warning');
  expect(taskTone(running, 1)).toBe('bad');
  expect(taskTone(makeTask({ state: 'finishing' }), 0.1)).toBe('warning');
  expect(taskTone(makeTask({ state: 'paused' }), null)).toBe('warning');
  expect(taskTone(makeTask({ state: 'idle' }), null)).toBe('neutral');
});

test.each([
  ['30m', '2026-03-09T16:30:00.000Z'],
  ['1h', '2026-03-09T17:00:00.000Z'],
  ['4h', '2026-03-09T20:00:00.000Z'],
  ['time', '2026-03-10T08:00:00Z'],
  ['resumed', null],
] as const)('a pause of %s ends at %s', (length, until) => {
  const now = new Date('2026-03-09T16:00:00Z').getTime();
  expect(pauseUntil(length, '2026-03-10T08:00:00Z', now)).toBe(until);
});

test('the pipeline is paused without the Cleaner', () => {
  const slugs = ['download', 'convert', 'upload', 'schedule-updates', 'cleaner'] as const;
  const tasks = slugs.map((slug) => makeTask({ slug }));
  expect(pipelineTasks(tasks).map((task) => task.slug)).toEqual(slugs.slice(0, 4));
});

test('the period is in its own unit', () => {
  expect([5, 10, 60, 900, 90].map(periodWords)).toEqual([
    'Every 5 seconds',
    'Every 10 seconds',
    'Every minute',
    'Every 15 minutes',
    'Every 90 seconds',
  ]);
});
