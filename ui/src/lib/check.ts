/** The results of a check in words. */
import type { Check } from '../api/model';
import { counted } from './number';
import type { Tone } from './status';

const names: Record<Check['name'], string> = {
  threatconnect: 'ThreatConnect',
  'sign-in': 'Sign-in to ThreatConnect',
  owners: 'Owners',
  paging: 'Paging',
  clock: 'Clock',
  token: 'Access token',
  workspace: 'Sentinel workspace',
  'read-back': 'Read back',
  disk: 'Disk',
};

export function checkName(name: Check['name']): string {
  return names[name];
}

export function checkTone(check: Check): Tone {
  if (check.status === 'failed') return 'bad';
  return check.status === 'ok' ? 'good' : 'warning';
}

/** `All 9 checks passed.`, or how many did not. */
export function checkSummary(checks: readonly Check[]): string {
  const count = (status: Check['status']) =>
    checks.filter((check) => check.status === status).length;
  const failed = count('failed');
  const warnings = count('warning');
  const skipped = count('skipped');
  if (count('ok') === checks.length) return `All ${checks.length} checks passed.`;
  return [
    failed > 0 ? `${counted(failed, 'check')} failed` : '',
    warnings > 0 ? counted(warnings, 'warning') : '',
    skipped > 0 ? `${counted(skipped, 'check')} skipped` : '',
    `${count('ok')} passed.`,
  ]
    .filter(Boolean)
    .join(', ');
}
