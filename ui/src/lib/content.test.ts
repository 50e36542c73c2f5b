import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { filledTemplate, type ContentTemplate } from './content';

const stored = readFileSync('../docs/sentinel/azuredeploy.json', 'utf8');
const template = JSON.parse(stored) as ContentTemplate;

test('the source system is the default of its parameter, whatever characters it has', () => {
  const source = 'ThreatConnect-A "quoted" \\ name 東京';
  const filled = JSON.parse(filledTemplate(template, source)) as ContentTemplate;
  expect(filled.parameters.sourceSystem).toEqual({
    ...template.parameters.sourceSystem,
    defaultValue: source,
  });
});

test('a name that begins with a bracket is no expression', () => {
  const { parameters } = JSON.parse(filledTemplate(template, '[EU]')) as ContentTemplate;
  expect(parameters.sourceSystem.defaultValue).toBe('[[EU]');
});

test('nothing else of the template is changed', () => {
  const filled = filledTemplate(template, 'ThreatConnect-Main');
  expect(filled.replace(',\n      "defaultValue": "ThreatConnect-Main"', '')).toBe(stored);
});
