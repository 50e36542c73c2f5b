import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

import { topics, type TopicName } from './help';
import type { Topic } from './help/topic';

interface Node {
  enum?: unknown[];
  const?: unknown;
}

const root = new URL('../../../', import.meta.url);
const readJson = (path: string): unknown => JSON.parse(readFileSync(new URL(path, root), 'utf8'));

/** Every list of values of the API, by the name of its schema or the path to it. */
function enumsOf(node: unknown, path: string): [string, string[]][] {
  if (node === null || typeof node !== 'object') return [];
  const { enum: values, const: value } = node as Node;
  const own = values ?? (value === undefined ? [] : [value]);
  return [
    ...(own.length > 0 ? [[path, own.map(String)] as [string, string[]]] : []),
    ...Object.entries(node).flatMap(([key, child]) =>
      enumsOf(child, path === '' ? key : `${path}/${key}`),
    ),
  ];
}

const api = readJson('ui/openapi.json') as { components: { schemas: unknown } };
/**
 * A problem says itself what it is and where it is solved, and MATCHES how its last run ended; headings
 * name the orders of a list; the format of a file tells nothing.
 */
const untold =
  /^(ActorSort|ConditionCode|MatchOutcome|MatchSort|Screen|Severity)$|\/format|\/indicator_type/;
const enums = enumsOf(api.components.schemas, '').filter(([path]) => !untold.test(path));

const topicOf: Record<string, TopicName> = {
  About: 'Error about',
  ActorGroupType: 'Actor Group type',
  AlertSeverity: 'Severity',
  Change: 'Query change',
  CheckName: 'Check',
  CheckStatus: 'Check result',
  'ConfigureBody/properties/run/anyOf/0': 'Update',
  ContextChoice: 'Context choice',
  'ContextCount/properties/kind': 'Context object',
  ContextState: 'Context state',
  ErrorState: 'Error state',
  Fate: 'Copy',
  FindingKind: 'Finding',
  HealthState: 'Health',
  'HigherQueries/properties/basis': 'Basis of overlap',
  'ImportBody/properties/run/anyOf/0': 'Update',
  IndicatorType: 'Indicator type',
  JobStatus: 'Job status',
  JobType: 'Job type',
  MatchKind: 'Match',
  Mode: 'Update',
  ObjectType: 'Object type',
  Outcome: 'Outcome',
  'QueryResult/properties/sends_nothing/anyOf/0': 'Sends nothing',
  'RefusedContextObject/properties/kind': 'Context object',
  Relation: 'Relation',
  Scope: 'Scope',
  SentState: 'State in Sentinel',
  SortDirection: 'Sort direction',
  System: 'System',
  TaskCondition: 'Task state',
  TaskGroup: 'Task group',
  TaskSlug: 'Task',
  Tlp: 'TLP',
  UpdateState: 'Update status',
  Verdict: 'Verdict',
};

it.each(enums)('every value of %s has a text', (path, values) => {
  const name = topicOf[path];
  if (name === undefined) throw new Error(`No topic explains ${path}: add it to help.ts and here.`);
  const topic: Topic = topics[name];
  expect(Object.keys(topic.entries ?? {})).toEqual(expect.arrayContaining(values));
});

it('every input of the Service has a text under its label', () => {
  const { params } = readJson('install.json') as { params: { name: string; label: string }[] };
  const entries: Topic['entries'] = topics.Input.entries;
  for (const { name, label } of params) expect(entries[name]?.[0], name).toBe(label);
});

it('every text is a sentence', () => {
  for (const { text, entries } of Object.values<Topic>(topics)) {
    for (const each of [text, ...Object.values(entries ?? {}).map(([, words]) => words)]) {
      expect(each).toMatch(/^[A-Z].*\.$/s);
    }
  }
});
