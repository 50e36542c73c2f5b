/** A number in a column or in a line that changes: digits of equal width, never on two lines. */
import type { ComponentProps } from 'react';

import classes from './NumberText.module.css';

export function NumberText(props: ComponentProps<'span'>) {
  return <span className={classes.number} {...props} />;
}
