/** TQL as code. */
import type { ReactNode } from 'react';

import classes from './TqlCode.module.css';

interface TqlCodeProps {
  /** Four lines at most, or a framed block of all of it; as part of a line where left out. */
  extent?: 'clamped' | 'whole';
  children: ReactNode;
}

export function TqlCode({ extent, children }: TqlCodeProps) {
  return (
    <code
      className={classes.code}
      data-extent={extent}
      dir={extent === 'whole' ? 'auto' : undefined}
    >
      {children}
    </code>
  );
}
