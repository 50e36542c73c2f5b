import { describe, expect, it } from 'vitest';

import type { Condition } from '../api/model';
import { badgeOf, conditionLink, pausedTask, spoken, stateWords } from './health';

function make(changes: Partial<Condition> = {}): Condition {
  return {
    code: 'job-failed',
    severity: 'error',
    title: 'The last Job of query 1 failed',
    detail: 'It broke.',
    remedy: 'Mend it.',
    reason: '',
    since: '2026-03-09T16:00:00Z',
    link: { screen: 'jobs', params: { open: 'j1' } },
    ...changes,
  };
}

const paused = make({
  code: 'task-paused',
  title: 'Upload was paused',
  link: { screen: 'tasks', params: { task: 'upload' } },
});

describe('a problem', () => {
  it('leads to where it is solved', () => {
    expect(conditionLink(make())).toEqual({ href: '#/jobs?open=j1', label: 'View in JOBS' });
    expect(conditionLink(make({ code: 'withdrawal-waiting' })).label).toBe('Review withdrawal');
    const context = make({
      code: 'context-withdrawal-waiting',
      link: { screen: 'reports/context', params: {} },
    });
    expect(conditionLink(context)).toEqual({
      href: '#/reports/context',
      label: 'Review withdrawal',
    });
    const low = make({ code: 'disk-low', link: { screen: 'dashboard', params: {} } });
    expect(conditionLink(low)).toEqual({ href: '#/dashboard', label: 'View Health' });
  });

  it('can be solved by a button only where a Task is paused', () => {
    expect(pausedTask(paused)).toBe('upload');
    expect(pausedTask(make({ link: { screen: 'tasks', params: { task: 'upload' } } }))).toBeNull();
  });
});

it('a badge counts the problems of its screen, in the tone of the worst', () => {
  const warning = make({ severity: 'warning' });
  expect(badgeOf([make(), warning, paused], 'jobs')).toEqual({
    count: 2,
    tone: 'bad',
    words: '2 open problems',
  });
  expect(badgeOf([make()], 'tasks')).toBeNull();
});

it('the state is read out with the worst problem and how many more there are', () => {
  const report = { status: 'degraded' as const, conditions: [make()] };
  expect(spoken(report)).toBe('Degraded: The last Job of query 1 failed.');
  expect(spoken({ ...report, conditions: [make(), paused] })).toBe(
    'Degraded: The last Job of query 1 failed. 1 more problem.',
  );
  expect(spoken({ status: 'healthy', conditions: [] })).toBe('');
});

it('the state says what it means for the work', () => {
  expect(stateWords({ status: 'healthy', conditions: [] })).toBe(
    'No open problems. Run a check to test every connection.',
  );
  expect(stateWords({ status: 'healthy', conditions: [] }, true)).toBe('No open problems.');
  const warning = make({ severity: 'warning' });
  expect(stateWords({ status: 'degraded', conditions: [make()] })).toContain("can't send");
  expect(stateWords({ status: 'degraded', conditions: [warning] })).toContain('are sent');
  const decision = make({ severity: 'decision' });
  expect(stateWords({ status: 'decision', conditions: [decision] })).toContain('you decide');
});
