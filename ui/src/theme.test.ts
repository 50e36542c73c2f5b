import { expect, test } from 'vitest';

import { cssVariables, theme } from './theme';

type Scheme = 'light' | 'dark';

function colorsOf(scheme: Scheme): Record<string, string> {
  const resolver = cssVariables as unknown as (
    given: typeof theme,
  ) => Record<Scheme, Record<string, string>>;
  return resolver(theme)[scheme];
}

function luminance(color: string): number {
  const parts = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const [red = 0, green = 0, blue = 0] = parts;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

test.each<Scheme>(['light', 'dark'])('the words of TQL can be read in %s', (scheme) => {
  const colors = colorsOf(scheme);
  const grounds = ['--tql-ground', '--mantine-color-body', '--app-canvas', '--app-chosen'];
  const inks = Object.keys(colors).filter(
    (name) => name.startsWith('--tql-') && name !== '--tql-ground',
  );
  expect(inks.length).toBeGreaterThan(5);
  for (const ink of inks) {
    for (const ground of grounds) {
      const found = contrast(colors[ink] ?? '', colors[ground] ?? '');
      expect(found, `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
  }
});
