/** A panel at the right, beside the list it belongs to: the list stays in reach. */
import { CloseButton, Title } from '@mantine/core';
import { useEffect, useId, useRef, type KeyboardEvent, type ReactNode } from 'react';

import classes from './SidePanel.module.css';

interface SidePanelProps {
  title: string;
  /** What it shows; another one takes the focus again. */
  contentKey: string;
  onClose: () => void;
  children: ReactNode;
}

export function SidePanel({ title, contentKey, onClose, children }: SidePanelProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const opener = useRef<Element | null>(null);
  const id = useId();

  useEffect(() => {
    opener.current = document.activeElement;
    heading.current?.focus({ preventScroll: true });
  }, [contentKey]);

  const close = () => {
    onClose();
    if (opener.current instanceof HTMLElement) opener.current.focus({ preventScroll: true });
  };

  return (
    // Escape is a shortcut for the button; the panel itself takes no part in the keyboard's order.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <aside
      className={classes.panel}
      aria-labelledby={id}
      onKeyDown={(event: KeyboardEvent) => {
        if (event.key === 'Escape') close();
      }}
    >
      <div className={classes.head}>
        <Title order={2} size="h5" id={id} ref={heading} tabIndex={-1}>
          {title}
        </Title>
        <CloseButton aria-label="Close" onClick={close} />
      </div>
      {/* A region that scrolls has to be reachable by the keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={classes.body} role="group" aria-labelledby={id} tabIndex={0}>
        {children}
      </div>
    </aside>
  );
}
