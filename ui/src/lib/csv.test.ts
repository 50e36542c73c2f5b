import { expect, test } from 'vitest';

import { cells } from '../../../tests/data/csv_cells.json';
import { csvText } from './csv';

function line(...cells: (string | number | null)[]): string {
  return csvText(['a'], [cells]).slice('\ufeffa\r\n'.length, -2);
}

test('a table begins with the mark that Excel needs, and its lines end as they should', () => {
  expect(csvText(['a', 'b'], [['1', null]])).toBe('\ufeffa,b\r\n1,\r\n');
});

test.each(cells)('no part of a cell is taken for a formula: %j', (text, expected) => {
  const cell = line(text);
  const bare = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
  expect(bare).toBe(expected);
});

test('half a character and NUL come through', () => {
  expect(line('\ud800', 'a\0b', '\ud800;=1', '\0=1')).toBe("\ud800,a\0b,\ud800;'=1,'\0=1");
});

test('a long cell takes time by its length', () => {
  const began = performance.now();
  for (const piece of [';', '; ', ' ', '\t', '"', '\u200b', ';=']) line(piece.repeat(100_000));
  expect(performance.now() - began).toBeLessThan(2_000);
});

test('harmless cells stay as they are', () => {
  expect(line('a=b', '198.51.100.1', 'x-y', -5, '')).toBe('a=b,198.51.100.1,x-y,-5,');
});

test('commas, quotes and line breaks are quoted', () => {
  expect(line('a,b', 'say "so"', 'two\nlines')).toBe('"a,b","say ""so""","two\nlines"');
});

test('other scripts come through', () => {
  expect(line('中文威胁情报', 'منظمة')).toBe('中文威胁情报,منظمة');
});
