/** A link within text, and a button that reads like one. */
import { UnstyledButton, type UnstyledButtonProps } from '@mantine/core';
import type { ComponentProps } from 'react';

import { classNames } from '../lib/classNames';
import classes from './Link.module.css';
import mono from './Mono.module.css';

interface LinkProps extends ComponentProps<'a'> {
  /** It is an ID or a code. */
  isMono?: boolean;
}

export function Link({ isMono = false, className, children, ...props }: LinkProps) {
  return (
    <a className={classNames(classes.link, isMono && mono.mono, className)} {...props}>
      {children}
    </a>
  );
}

type TextButtonProps = UnstyledButtonProps &
  Omit<ComponentProps<'button'>, keyof UnstyledButtonProps>;

export function TextButton({ className, ...props }: TextButtonProps) {
  return <UnstyledButton className={classNames(classes.link, className)} fz="inherit" {...props} />;
}
