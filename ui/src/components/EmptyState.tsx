/** What stands where there is nothing yet: why, and what to do about it. */
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';

interface EmptyStateProps {
  title: string;
  children?: ReactNode;
}

export function EmptyState({ title, children }: EmptyStateProps) {
  return (
    <div className="app-empty">
      <Text fw={600}>{title}</Text>
      {children}
    </div>
  );
}
