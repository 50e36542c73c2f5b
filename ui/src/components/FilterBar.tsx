/** Filters above a table and, at the right, what is done with the whole list. */
import type { ReactNode } from 'react';

import classes from './FilterBar.module.css';

interface FilterBarProps {
  end: ReactNode;
  children: ReactNode;
}

export function FilterBar({ end, children }: FilterBarProps) {
  return (
    <div className={classes.bar}>
      {children}
      <div className={classes.end}>{end}</div>
    </div>
  );
}
