/** What the words of the page mean, said where they stand. Loaded when somebody asks. */
import { about, errorState } from './help/error';
import { actorGroupType, contextChoice, contextKind, contextState, tlp } from './help/context';
import { copy, relation, sentState, verdict } from './help/finding';
import { severity, matchKind } from './help/match';
import { check, checkResult, health, system } from './help/health';
import { inputs } from './help/input';
import { basis, change, direction, indicatorType, sendsNothing } from './help/query';
import { task, taskGroup, taskState } from './help/task';
import type { Topic } from './help/topic';
import { finding, objectType } from './help/verification';
import { jobStatus, jobType, mode, outcome, scope, updateStatus } from './help/update';

const precedence =
  'Queries are in order, highest first. If several return the same value, the copy of the highest one is sent; ' +
  'within one query, the copy that was modified last.';

/** By the name that the button has: "Help: Job status". */
export const topics = {
  'Job status': {
    text: 'How far a Job has come.',
    entries: jobStatus,
    guide: 'operations.html#jobs',
  },
  'Update status': {
    text: 'How far an update has come.',
    entries: updateStatus,
    guide: 'operations.html#jobs',
  },
  Outcome: {
    text: 'Every Indicator that a Job reads ends in exactly one outcome. Together they add up to what was read.',
    entries: outcome,
    guide: 'glossary.html#outcomes',
  },
  Update: {
    text: 'An update runs all saved queries, or the ones you choose, one Job for each.',
    entries: mode,
    guide: 'operations.html#what-happens-automatically',
  },
  'Job type': { text: 'Why a Job was queued.', entries: jobType, guide: 'operations.html#jobs' },
  Task: {
    text: 'The background activities of the Service.',
    entries: task,
    guide: 'operations.html#tasks',
  },
  'Task state': {
    text: 'What a Task does now.',
    entries: taskState,
    guide: 'operations.html#tasks',
  },
  'Task group': {
    text: 'Tasks come in two groups.',
    entries: taskGroup,
    guide: 'operations.html#tasks',
  },
  Check: {
    text: 'Run check tests everything the Service depends on. It sends nothing.',
    entries: check,
    guide: 'operations.html#dashboard',
  },
  'Check result': { text: 'What a check can end in.', entries: checkResult },
  Copy: {
    text: 'A value may be in several owners, and several queries may return it. One copy is sent.',
    entries: copy,
    guide: 'operations.html#indicator-lookup',
  },
  Verdict: {
    text: 'Whether Microsoft Sentinel has the value, and if not, why.',
    entries: verdict,
    guide: 'operations.html#indicator-lookup',
  },
  Scope: { text: 'What an update is about.', entries: scope },
  'Query change': {
    text: 'What a save does to a query.',
    entries: change,
    guide: 'operations.html#configure',
  },
  'Error about': {
    text: 'What an error is about.',
    entries: about,
    guide: 'operations.html#errors',
  },
  'Error state': {
    text: 'Whether an error still needs attention.',
    entries: errorState,
    guide: 'operations.html#errors',
  },
  'Sends nothing': {
    text: 'A query that sends nothing: everything it returns is sent from higher queries.',
    entries: sendsNothing,
  },
  Finding: {
    text: 'What is wrong with one object. Nothing is concluded from rows that do not come.',
    entries: finding,
    guide: 'operations.html#verify',
  },
  'Object type': {
    text: 'Besides Indicators, the input Context Objects sends what says who is behind them.',
    entries: objectType,
    guide: 'operations.html#verify',
  },
  Match: {
    text: 'How sure it is that an alert is about an Indicator.',
    entries: matchKind,
    guide: 'operations.html#matches',
  },
  'Context state': {
    text: 'What Microsoft Sentinel has of an owner, a threat actor or a relationship.',
    entries: contextState,
    guide: 'operations.html#context',
  },
  'Context object': {
    text: 'What is sent besides Indicators, and always after them.',
    entries: contextKind,
    guide: 'operations.html#context',
  },
  'Context choice': {
    text: 'The input Context Objects decides what is sent besides Indicators.',
    entries: contextChoice,
    guide: 'operations.html#context',
  },
  'Actor Group type': {
    text: 'The input Actor Group Types decides which Groups are threat actors.',
    entries: actorGroupType,
    guide: 'operations.html#context',
  },
  TLP: {
    text: 'The strictest level of the Groups of a threat actor, by which its object is marked.',
    entries: tlp,
    guide: 'mapping.html',
  },
  Severity: {
    text: 'Of an alert, as Microsoft Sentinel has it; of an Indicator, the highest of its alerts.',
    entries: severity,
  },
  Relation: { text: 'How the value below is related to the one above.', entries: relation },
  'State in Sentinel': { text: 'What Microsoft Sentinel has of a value.', entries: sentState },
  Health: {
    text: 'Whether the Service can do its work.',
    entries: health,
    guide: 'operations.html#dashboard',
  },
  System: { text: 'What the Service depends on.', entries: system },
  'Basis of overlap': { text: 'Where the numbers come from.', entries: basis },
  'Sort direction': {
    text: 'Decides which Indicators are sent first, for example while the API limit makes others wait.',
    entries: direction,
  },
  'Sort field': {
    text: 'The order in which Indicators of this query are sent. It decides what arrives first, not what is sent.',
  },
  'Indicator type': {
    text: 'The nine types that Microsoft Sentinel can use.',
    entries: indicatorType,
    guide: 'mapping.html',
  },
  Input: {
    text: 'Set on the Services screen of ThreatConnect. A change takes effect when the Service restarts.',
    entries: inputs,
    guide: 'install.html#inputs',
  },
  TQL: {
    text:
      'ThreatConnect Query Language narrows what the owners and types return. Leave it empty to include every Indicator ' +
      'of these types. Example: rating >= 3 and confidence > 50. Press Ctrl+Space for suggestions.',
  },
  Precedence: { text: precedence, guide: 'operations.html#configure' },
  Overlap: {
    text:
      'How much of what this query returns is sent from higher queries instead. A query whose every Indicator is sent ' +
      'from higher ones sends nothing itself.',
  },
  'API limit': {
    text:
      'Microsoft Sentinel accepts 100 upload requests a minute for each application, each with up to 100 objects. ' +
      'When the limit is reached, sending resumes by itself.',
    guide: 'operations.html#sizing',
  },
  'Objects and Indicators': {
    text:
      'An Indicator is one value in one owner of ThreatConnect. An object is what Microsoft Sentinel stores: one for each ' +
      'value, and for a File one for each of its hashes.',
  },
  Withdraw: {
    text:
      'Marks objects as revoked in Microsoft Sentinel when their Indicator was deleted or is no longer selected. ' +
      'If an update would withdraw too many at once, it withdraws none and asks for your decision.',
    guide: 'operations.html#withdrawing',
  },
} as const satisfies Record<string, Topic>;

export type TopicName = keyof typeof topics;
