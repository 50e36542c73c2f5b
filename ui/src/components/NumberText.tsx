/** A number in a column or in a line that changes: digits of equal width, never on two lines. */
import type { ComponentProps } from 'react';

import { classNames } from '../lib/classNames';
import classes from './NumberText.module.css';

export function NumberText({ className, ...props }: ComponentProps<'span'>) {
  return <span className={classNames(classes.number, className)} {...props} />;
}
