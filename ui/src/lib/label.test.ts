import { expect, test } from 'vitest';

import { fieldLabel, typeLabel } from './label';

test('types and fields are shown in words', () => {
  expect(typeLabel('EmailAddress')).toBe('Email Address');
  expect(typeLabel('Email Subject')).toBe('Email Subject');
  expect(fieldLabel('threatAssessScore')).toBe('ThreatAssess Score');
  expect(fieldLabel('lastModified')).toBe('Last Modified');
});
