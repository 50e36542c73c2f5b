/** What stands where there is nothing yet: why, and what to do about it. */
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';

import classes from './EmptyState.module.css';

interface EmptyStateProps {
  title: string;
  children?: ReactNode;
}

export function EmptyState({ title, children }: EmptyStateProps) {
  return (
    <div className={classes.empty}>
      <Text fw={600}>{title}</Text>
      {children}
    </div>
  );
}
