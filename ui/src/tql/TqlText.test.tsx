import { render } from '@testing-library/react';
import { expect, test } from 'vitest';

import { TqlText } from './TqlText';

test.each([
  'rating >= 3\n  and confidence > 10 ',
  'summary contains "<b>x</b>" \\ ; عربى',
  `ownerName in ("${'威'.repeat(4_000)}")`,
  '',
])('every character is shown once, as text', (text) => {
  const { container } = render(<TqlText text={text} />);
  expect(container.textContent).toBe(text);
});

test('a string keeps its own direction', () => {
  const { container } = render(<TqlText text='ownerName = "مصدر"' />);
  expect(container.querySelector('bdi')?.textContent).toBe('"مصدر"');
});
