/** Objects that a withdrawal would remove, as lines of a file. */
import type { WithdrawableObject } from '../api/model';
import type { Cell } from './csv';
import { typeLabel } from './label';

export const withdrawableHeading: readonly string[] = [
  'Value',
  'Type',
  'Hash',
  'Indicator',
  'Owner',
  'Indicator ID',
  'Query',
  'Valid Until',
];

export function withdrawableCells(object: WithdrawableObject): Cell[] {
  return [
    object.value,
    typeLabel(object.type),
    object.hash_kind,
    object.summary,
    object.owner,
    object.indicator_id,
    object.query?.label,
    object.valid_until,
  ];
}
