import { expect, test } from 'vitest';

import { counted, formatCount } from './number';

test('numbers are grouped and nouns agree', () => {
  expect(formatCount(1234567)).toBe('1,234,567');
  expect(counted(1, 'Job')).toBe('1 Job');
  expect(counted(0, 'query', 'queries')).toBe('0 queries');
});
