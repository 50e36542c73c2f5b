/** Keeps a fault of one screen from taking the whole page with it. */
import { Button, Text, VisuallyHidden } from '@mantine/core';
import { Component, type ReactNode } from 'react';

import { Mono } from '../components/Mono';
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
      <>
        <VisuallyHidden>
          <h1 id="page-heading" tabIndex={-1}>
            No screen
          </h1>
        </VisuallyHidden>
        {/dynamically imported module|preload CSS/i.test(error.message) ? (
          <NotLoaded />
        ) : (
          <Faulty error={error} />
        )}
      </>
    );
  }
}

function Faulty({ error }: { error: Error }) {
  return (
    <Notice tone="bad" isLive title="This screen has a fault">
      <Text size="sm">
        The Service itself is not affected: updates go on. Details for support:{' '}
        <Mono>{error.message}</Mono>
      </Text>
      <Button mt="sm" size="xs" variant="default" onClick={() => window.location.reload()}>
        Load the page again
      </Button>
    </Notice>
  );
}

/** A file of the page that cannot be had: the browser would try it again only with the page. */
function NotLoaded() {
  return (
    <Notice tone="bad" isLive title="This screen could not be loaded">
      <Text size="sm">
        The connection to ThreatConnect was lost, or the App was updated since this page was opened.
        The Service itself is not affected: updates go on.
      </Text>
      <Button mt="sm" size="xs" variant="default" onClick={() => window.location.reload()}>
        Load the page again
      </Button>
    </Notice>
  );
}
