/** Two lists of TQL queries side by side; one below the other where there is little room. */
import type { ReactNode } from 'react';

import classes from './TwoLists.module.css';

export function TwoLists({ children }: { children: ReactNode }) {
  return <div className={classes.lists}>{children}</div>;
}
