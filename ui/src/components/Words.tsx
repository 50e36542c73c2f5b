/** A name that somebody chose: in its own direction, and broken anywhere where it is one long word. */
import type { ReactNode } from 'react';

import classes from './Words.module.css';

export function Words({ children }: { children: ReactNode }) {
  return <bdi className={classes.words}>{children}</bdi>;
}
