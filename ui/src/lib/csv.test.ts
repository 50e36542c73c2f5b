import { expect, test } from 'vitest';

import { csvText } from './csv';

function line(...cells: (string | number | null)[]): string {
  return csvText(['a'], [cells]).slice('\ufeffa\r\n'.length, -2);
}

test('a table begins with the mark that Excel needs, and its lines end as they should', () => {
  expect(csvText(['a', 'b'], [['1', null]])).toBe('\ufeffa,b\r\n1,\r\n');
});

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '  =1', '\uff1d1', '=cmd|x!A1'])(
  'no cell is taken for a formula: %j',
  (text) => {
    expect(line(text).replace(/^"/, '').startsWith("'")).toBe(true);
  },
);

test('harmless cells stay as they are', () => {
  expect(line('a=b', '198.51.100.1', 'x-y', -5, '')).toBe('a=b,198.51.100.1,x-y,-5,');
});

test('commas, quotes and line breaks are quoted', () => {
  expect(line('a,b', 'say "so"', 'two\nlines')).toBe('"a,b","say ""so""","two\nlines"');
});

test('other scripts come through', () => {
  expect(line('中文威胁情报', 'منظمة')).toBe('中文威胁情报,منظمة');
});
