/** The rows of one object in Sentinel's table, in words. */
import type { ObjectRow } from '../api/model';
import type { Tone } from './status';

const methods = new Map([
  ['ThreatIntelUploadAPI', 'Upload'],
  ['LogARepublisher', 'Republished by Sentinel'],
  ['UserInterface', 'A person'],
]);

/** By what a row came, in words; what is not known keeps the name that Sentinel has. */
export function methodWords(method: string): string {
  return methods.get(method) ?? method;
}

interface RowFace {
  name: string;
  tone: Tone;
  icon: 'check' | 'cancel' | 'clock' | 'warning';
}

/** What the object was by a row. What ended since then is said by its end. */
export function rowFace(row: ObjectRow): RowFace {
  if (row.is_deleted) return { name: 'Deleted', tone: 'warning', icon: 'cancel' };
  if (row.is_revoked) return { name: 'Revoked', tone: 'neutral', icon: 'cancel' };
  const end = row.valid_until === null ? Infinity : new Date(row.valid_until).getTime();
  if (end <= new Date(row.date_generated).getTime()) {
    return { name: 'Expired', tone: 'neutral', icon: 'clock' };
  }
  return row.is_active === false
    ? { name: 'Inactive', tone: 'neutral', icon: 'cancel' }
    : { name: 'Active', tone: 'good', icon: 'check' };
}
