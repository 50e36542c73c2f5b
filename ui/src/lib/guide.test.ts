import { expect, it } from 'vitest';

import { guideAddress, remedyPlace } from './guide';

it.each([
  ['TC-READ', './help/troubleshooting.html#TC-READ'],
  ['job-failed', './help/troubleshooting.html#job-failed'],
  ['PAGE-OFFLINE', './help/troubleshooting.html#PAGE-OFFLINE'],
  ['PAGE-502', './help/troubleshooting.html#PAGE-'],
])('%s is explained in its row', (code, address) => {
  expect(guideAddress(remedyPlace(code))).toBe(address);
});
