import { expect, test } from 'vitest';

import type { Trouble } from '../api/model';
import { troubleReason, troubleWords } from './trouble';

const trouble: Trouble = {
  system: 'ThreatConnect',
  attempt: 4,
  since: '2026-03-09T16:00:00Z',
  until: '2026-03-09T16:00:30Z',
  code: 'TC-READ',
  message: 'ThreatConnect did not answer.',
  reason: '',
};
const at = (iso: string) => new Date(iso).getTime();

test('who does not answer, and when it is asked again', () => {
  expect(troubleWords(trouble, at('2026-03-09T16:00:10.4Z'))).toBe(
    'ThreatConnect does not answer; trying again in 20 s (attempt 4)',
  );
  expect(troubleReason(trouble)).toBe('ThreatConnect did not answer. (TC-READ)');
});

test('an attempt that is under way is no wait', () => {
  expect(troubleWords(trouble, at('2026-03-09T16:01:00Z'))).toBe(
    'ThreatConnect does not answer; trying again now (attempt 4)',
  );
});

test('an error that was returned is not called silence', () => {
  const refused: Trouble = { ...trouble, system: 'Microsoft Sentinel', reason: 'Bad Gateway' };
  expect(troubleWords(refused, at('2026-03-09T16:00:29Z'))).toBe(
    'Microsoft Sentinel returns an error; trying again in 1 s (attempt 4)',
  );
  expect(troubleReason(refused)).toBe('ThreatConnect did not answer. Bad Gateway (TC-READ)');
});
