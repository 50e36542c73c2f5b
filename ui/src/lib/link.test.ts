import { expect, test } from 'vitest';

import { webAddress } from './link';

test('a web page may be gone to', () => {
  expect(webAddress('https://tc.example.com/auth/indicators/1')).toBe(
    'https://tc.example.com/auth/indicators/1',
  );
});

test.each([
  'javascript:alert(1)',
  'data:text/html,x',
  'JaVaScRiPt:alert(1)',
  'no address',
  '',
  null,
])('nothing else may: %j', (text) => {
  expect(webAddress(text)).toBeNull();
});
