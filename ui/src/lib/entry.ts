/** A single error as a line of a file. */
import type { ReportedEntry } from '../api/model';
import type { Cell } from './csv';

export const entryHeading: readonly string[] = [
  'request_id',
  'query',
  'date_added',
  'code',
  'message',
  'reason',
  'state',
  'date_state',
  'indicator_id',
  'indicator_type',
  'summary',
  'owner',
  'web_link',
];

export function entryCells(entry: ReportedEntry): Cell[] {
  const { indicator } = entry;
  return [
    entry.request_id,
    entry.query?.label,
    entry.date_added,
    entry.code,
    entry.message,
    entry.reason,
    entry.state,
    entry.date_state,
    indicator?.id,
    indicator?.type,
    indicator?.summary,
    indicator?.owner,
    indicator?.web_link,
  ];
}
