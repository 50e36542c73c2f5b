import { expect, test } from 'vitest';

import { downloadName } from './fileName';

const noon = new Date(2026, 10, 28, 12).getTime();

test('a file is named by its content, the organization, and the day', () => {
  const service = { organization: 'DemoOrg', source_name: 'ThreatConnect' };
  expect(downloadName('audit', service, noon)).toBe('sentinel-audit_DemoOrg_2026-11-28');
});

test('where the organization is not known, the source names it; without both, the day is left', () => {
  const service = { organization: null, source_name: 'Prod: TC / EU' };
  expect(downloadName('jobs', service, noon)).toBe('sentinel-jobs_Prod-TC-EU_2026-11-28');
  expect(downloadName('jobs', null, noon)).toBe('sentinel-jobs_2026-11-28');
});

test('no name leads out of the folder, and letters of any script stay', () => {
  const named = (organization: string) =>
    downloadName('errors', { organization, source_name: '' }, noon);
  expect(named('../../etc')).toBe('sentinel-errors_etc_2026-11-28');
  expect(named('חברה 7')).toBe('sentinel-errors_חברה-7_2026-11-28');
  expect(named('...')).toBe('sentinel-errors_2026-11-28');
  expect(named('x'.repeat(200)).length).toBeLessThan(90);
});
