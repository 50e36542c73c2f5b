/** The shell: header, the screen that the address names, and what floats above it. */
import { Button, MantineProvider, Text, VisuallyHidden } from '@mantine/core';
import { QueryClientProvider, type QueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

import { useHealthReport } from './api/health';
import type { HealthReport } from './api/model';
import classes from './App.module.css';
import { EmptyState } from './components/EmptyState';
import { firstScreen, loadFurther, screens } from './screens';
import { ErrorBoundary } from './shell/ErrorBoundary';
import { Header } from './shell/Header';
import { focusHeading } from './shell/heading';
import { useRoute } from './shell/router';
import { StatusStrip } from './shell/StatusStrip';
import { Toasts } from './shell/Toasts';
import { colorSchemeManager, cssVariables, theme } from './theme';

export function App({ queryClient }: { queryClient: QueryClient }) {
  return (
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      colorSchemeManager={colorSchemeManager}
      cssVariablesResolver={cssVariables}
    >
      <QueryClientProvider client={queryClient}>
        <Shell />
      </QueryClientProvider>
    </MantineProvider>
  );
}

function Shell() {
  const route = useRoute();
  const path = route.path === '' ? firstScreen : route.path;
  const screen = screens.find((known) => known.path === path);
  const report = useReport(path);
  useHeadingFocus(path);
  useFurtherScreens();
  return (
    <>
      <a
        className={classes.skip}
        href="#page-heading"
        onClick={(event) => {
          // The hash belongs to the router.
          event.preventDefault();
          document.getElementById('page-heading')?.focus();
        }}
      >
        Skip to the content
      </a>
      <Header path={path} conditions={report.conditions} />
      <StatusStrip report={report} path={path} />
      <main className={classes.main} key={path}>
        <ErrorBoundary>{screen === undefined ? <NoSuchScreen /> : <screen.Page />}</ErrorBoundary>
      </main>
      <Toasts />
    </>
  );
}

const NOTHING_KNOWN: HealthReport = { status: 'healthy', conditions: [] };
/** DASHBOARD brings it with its first answer; where CONFIGURE opens first, its own answer goes first. */
const FIRST_REPORT_MS = 1_500;

/** How the Service is, without a request more in the first view. */
function useReport(path: string): HealthReport {
  const isFirstView = path === 'dashboard' || path === 'configure';
  const [isDue, setIsDue] = useState(!isFirstView);
  useEffect(() => {
    const timer = setTimeout(() => setIsDue(true), isFirstView ? FIRST_REPORT_MS : 0);
    return () => clearTimeout(timer);
  }, [isFirstView]);
  return useHealthReport(isDue).data ?? NOTHING_KNOWN;
}

/** After going to another screen, reading goes on at its heading. */
function useHeadingFocus(path: string): void {
  const before = useRef(path);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    focusHeading();
    window.scrollTo(0, 0);
  }, [path]);
}

/** The other screens come when somebody begins to use the page, so that no click waits for them. */
function useFurtherScreens(): void {
  useEffect(() => {
    const events = ['pointermove', 'pointerdown', 'keydown'] as const;
    const load = () => {
      for (const event of events) window.removeEventListener(event, load);
      // Whoever needs it and has not got it is told then.
      void loadFurther().catch(() => undefined);
    };
    for (const event of events) window.addEventListener(event, load, { passive: true });
    return () => {
      for (const event of events) window.removeEventListener(event, load);
    };
  }, []);
}

function NoSuchScreen() {
  return (
    <>
      <VisuallyHidden>
        <h1 id="page-heading">Page not found</h1>
      </VisuallyHidden>
      <EmptyState title="Page not found">
        <Text size="sm" c="dimmed">
          The address may be mistyped, or from another version of the App.
        </Text>
        <Button component="a" href="#/dashboard" mt="md" variant="default">
          Go to the dashboard
        </Button>
      </EmptyState>
    </>
  );
}
