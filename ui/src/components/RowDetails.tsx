/** What opens below a row of a table. */
import type { ReactNode } from 'react';

import classes from './RowDetails.module.css';

export function RowDetails({ children }: { children: ReactNode }) {
  return <div className={classes.details}>{children}</div>;
}
