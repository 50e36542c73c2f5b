/** Letters of equal width, for IDs, values and TQL; they keep their own direction. */
import type { ReactNode } from 'react';

import { classNames } from '../lib/classNames';
import classes from './Mono.module.css';

interface MonoProps {
  className?: string | undefined;
  children: ReactNode;
}

export function Mono({ className, children }: MonoProps) {
  return <bdi className={classNames(classes.mono, className)}>{children}</bdi>;
}
