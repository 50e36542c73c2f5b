import { expect, test } from 'vitest';

import { makeTask } from '../test/factories';
import { heartbeatShare, periodWords, taskActions, taskTone, taskWords } from './task';

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

test('the period is in its own unit', () => {
  expect([5, 10, 60, 900, 90].map(periodWords)).toEqual([
    'Every 5 seconds',
    'Every 10 seconds',
    'Every minute',
    'Every 15 minutes',
    'Every 90 seconds',
  ]);
});
