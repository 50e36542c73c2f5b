import { expect, it } from 'vitest';

import { licenceText } from './licences';

it('lists the packages by name, and has equal texts once', () => {
  const text = licenceText([
    { name: 'b', version: '2', licence: 'MIT', texts: ['Do what you like.'] },
    { name: 'a', version: '1', licence: '0BSD', texts: ['Do what you like.', 'A notice.'] },
  ]);
  expect(text).toContain('a 1: 0BSD\nb 2: MIT');
  expect(text.match(/Do what you like/g)).toHaveLength(1);
  expect(text).toContain('a 1, b 2');
  expect(text).toContain('A notice.');
});
