/** The number of a TQL query in the order of precedence. */
import type { ReactNode } from 'react';

import classes from './Position.module.css';

export function Position({ children }: { children: ReactNode }) {
  return <span className={classes.position}>{children}</span>;
}
