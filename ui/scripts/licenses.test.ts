import { expect, it } from 'vitest';

import { licenseText } from './licenses';

it('lists the packages by name, and has equal texts once', () => {
  const text = licenseText([
    { name: 'b', version: '2', license: 'MIT', texts: ['Do what you like.'] },
    { name: 'a', version: '1', license: '0BSD', texts: ['Do what you like.', 'A notice.'] },
  ]);
  expect(text).toContain('a 1: 0BSD\nb 2: MIT');
  expect(text.match(/Do what you like/g)).toHaveLength(1);
  expect(text).toContain('a 1, b 2');
  expect(text).toContain('A notice.');
});
