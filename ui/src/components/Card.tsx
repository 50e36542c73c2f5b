/** A framed part of a screen; with its heading and, at the right, what belongs to it. */
import { Title } from '@mantine/core';
import { useId, type ReactNode } from 'react';

import classes from './Card.module.css';

interface CardProps {
  title?: string;
  end?: ReactNode;
  /** Its width in a grid of cards. */
  isWide?: boolean;
  children: ReactNode;
}

export function Card({ title, end, isWide = false, children }: CardProps) {
  const id = useId();
  if (title === undefined) return <div className={classes.card}>{children}</div>;
  return (
    <div className={classes.card} role="group" aria-labelledby={id} data-wide={isWide || undefined}>
      <div className={classes.head}>
        <Title order={2} size="h6" id={id}>
          {title}
        </Title>
        {end}
      </div>
      {children}
    </div>
  );
}
