import { expect, it } from 'vitest';

import { completed } from './licenses';

const LIST = `# Licenses

## a - 1.0.0 (MIT)

## More of it

Do what you like.

## b - 2.0.0 (MIT)

## c - 3.0.0
`;

it('gives a package without a text the one that is kept, and leaves the others as they are', () => {
  expect(completed(LIST, (name) => `The text of ${name}.`)).toBe(`# Licenses

## a - 1.0.0 (MIT)

## More of it

Do what you like.

## b - 2.0.0 (MIT)

The text of b.

## c - 3.0.0

The text of c.
`);
});

it('refuses a package that has no text', () => {
  expect(() => completed(LIST, (name) => (name === 'b' ? 'A text.' : undefined))).toThrow(
    'No license text comes with c.',
  );
});
