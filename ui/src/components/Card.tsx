/** A framed part of a screen, with its heading and, at the right, what belongs to it. */
import { Title } from '@mantine/core';
import { useId, type ReactNode } from 'react';

interface CardProps {
  title: string;
  end?: ReactNode;
  /** Its width in a grid of cards. */
  isWide?: boolean;
  children: ReactNode;
}

export function Card({ title, end, isWide = false, children }: CardProps) {
  const id = useId();
  return (
    <div className="app-panel" role="group" aria-labelledby={id} data-wide={isWide || undefined}>
      <div className="app-panel-head">
        <Title order={2} size="h6" id={id}>
          {title}
        </Title>
        {end}
      </div>
      {children}
    </div>
  );
}
