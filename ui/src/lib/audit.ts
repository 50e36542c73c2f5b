/** What people did, in words, and as lines of a file. */
import type { AuditRecord } from '../api/model';
import type { Cell } from './csv';
import { fieldLabel, typeLabel } from './label';
import { counted } from './number';

const actions = new Map([
  ['configure-save', 'TQL queries saved'],
  ['configure-import', 'TQL queries imported'],
  ['update-request', 'Update requested'],
  ['job-cancel', 'Job cancelled'],
  ['job-retry', 'Job retried'],
  ['job-withdraw', 'Withdrawal confirmed'],
  ['error-retry', 'Refused Indicators sent again'],
  ['indicator-send', 'Values sent'],
  ['indicator-withdraw', 'Values withdrawn'],
  ['finding-send', 'Findings sent again'],
  ['finding-withdraw', 'Unknown objects withdrawn'],
  ['context-send', 'Refused context objects sent again'],
  ['context-withdraw', 'Withdrawal of context objects allowed'],
  ['task-run', 'Task run'],
  ['task-pause', 'Task paused'],
  ['task-resume', 'Task resumed'],
  ['task-resume-itself', 'Task resumed by itself'],
  ['pipeline-pause', 'Pipeline paused'],
  ['pipeline-resume', 'Pipeline resumed'],
  ['task-kill', 'Task killed'],
  ['task-send-now', 'Wait for Sentinel ended'],
]);

/** Another version's actions keep their own name. */
export function actionLabel(action: string): string {
  return actions.get(action) ?? action;
}

/** The Request ID that the entry is about, where it is about one Job. */
export function requestIdOf(record: AuditRecord): string | null {
  const isOfJob = record.action.startsWith('job-');
  return isOfJob && /^[A-Za-z0-9-]+$/.test(record.detail) ? record.detail : null;
}

/** A value as the other screens write it: the entry keeps the names of ThreatConnect's API. */
export function changeText(field: string, text: string): string {
  if (field === 'Sort Field') return fieldLabel(text);
  if (field === 'Indicator Types') return text.split(', ').map(typeLabel).join(', ');
  return text;
}

function sideText(field: string, text: string | null): string | null {
  return text === null ? null : changeText(field, text);
}

/** What can be looked for, by its words. */
export const auditActions: readonly { value: string; label: string }[] = [...actions]
  .map(([value, label]) => ({ value, label }))
  .sort((one, other) => one.label.localeCompare(other.label, 'en'));

/** The headings of the screen: of the list, and of the changes below an entry. */
export const auditHeading: readonly string[] = [
  'When',
  'Who',
  'What',
  'Details',
  'Of',
  'Field',
  'Before',
  'After',
];

/** A line for each field that was changed, or one where there is none; each has every cell. */
export function auditLines(record: AuditRecord): Cell[][] {
  const facts = [record.at, record.user, actionLabel(record.action), record.detail];
  const lines: Cell[][] = record.changes.map((change) => [
    ...facts,
    change.subject,
    change.field,
    sideText(change.field, change.before),
    sideText(change.field, change.after),
  ]);
  if (record.changes_left_out > 0) {
    const more = counted(record.changes_left_out, 'further change');
    lines.push([...facts, `${more}, not recorded`, null, null, null]);
  }
  return lines.length > 0 ? lines : [[...facts, null, null, null, null]];
}
