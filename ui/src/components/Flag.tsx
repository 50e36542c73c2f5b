/** Words that ask for attention, and may lead to where it is due. */
import type { ComponentProps } from 'react';

import { classNames } from '../lib/classNames';
import type { Tone } from '../lib/status';
import classes from './Flag.module.css';

interface FlagTone {
  tone?: Tone;
}

type FlagProps = FlagTone & ComponentProps<'span'>;

export function Flag({ tone = 'warning', className, ...props }: FlagProps) {
  return <span className={classNames(classes.flag, className)} data-tone={tone} {...props} />;
}

type FlagLinkProps = FlagTone & ComponentProps<'a'>;

export function FlagLink({ tone = 'warning', className, children, ...props }: FlagLinkProps) {
  return (
    <a className={classNames(classes.flag, className)} data-tone={tone} {...props}>
      {children}
    </a>
  );
}
