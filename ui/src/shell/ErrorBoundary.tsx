/** Keeps a fault of one screen from taking the whole page with it. */
import { Button, Text } from '@mantine/core';
import { Component, type ReactNode } from 'react';

import { Notice } from '../components/Notice';

interface State {
  error: Error | null;
}

export class ErrorBoundary extends Component<{ children: ReactNode }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <Notice tone="bad" isLive title="This screen has a fault">
        <Text size="sm">
          The Service itself is not affected: updates go on. Details for support:{' '}
          <span className="app-mono">{error.message}</span>
        </Text>
        <Button mt="sm" size="xs" variant="default" onClick={() => window.location.reload()}>
          Load the page again
        </Button>
      </Notice>
    );
  }
}
