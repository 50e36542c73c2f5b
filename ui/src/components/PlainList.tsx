/** A list without marks. */
import type { ComponentProps } from 'react';

import { classNames } from '../lib/classNames';
import classes from './PlainList.module.css';

export function PlainList({ className, ...props }: ComponentProps<'ul'>) {
  return <ul className={classNames(classes.list, className)} {...props} />;
}
