import { expect, it } from 'vitest';

import cases from '../../../tests/data/pasted.json';
import { splitPasted } from './pasted';

it.each(cases)('splits $text as the App does', ({ text, values }) => {
  expect(splitPasted(text)).toEqual(values);
});
