/** Words that ask for attention, and may lead to where it is due. */
import type { ComponentProps } from 'react';

import type { Tone } from '../lib/status';
import classes from './Flag.module.css';

interface FlagTone {
  tone?: Tone;
}

export function Flag({ tone = 'warning', ...props }: FlagTone & ComponentProps<'span'>) {
  return <span className={classes.flag} data-tone={tone} {...props} />;
}

export function FlagLink({ tone = 'warning', children, ...props }: FlagTone & ComponentProps<'a'>) {
  return (
    <a className={classes.flag} data-tone={tone} {...props}>
      {children}
    </a>
  );
}
