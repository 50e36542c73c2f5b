/** The result of testing a query in ThreatConnect. Nothing is sent for it. */
import { Button, Group, Loader, Text, Title } from '@mantine/core';
import { useEffect, useRef } from 'react';

import type { Preview } from '../../api/model';
import { ErrorPanel } from '../../components/ErrorPanel';
import { Facts, type Fact } from '../../components/Facts';
import { Notice } from '../../components/Notice';
import { NumberText } from '../../components/NumberText';
import { PlainList } from '../../components/PlainList';
import { typeLabel } from '../../lib/label';
import { counted, formatCount } from '../../lib/number';
import { contextWords, heldBackWords, overlapWords, sendingWords } from '../../lib/preview';
import { formatSpan } from '../../lib/time';
import { useNow } from '../../shell/clock';
import classes from './PreviewPanel.module.css';
import { PreviewTable } from './PreviewTable';
import type { Errand } from './useErrand';

interface PreviewPanelProps {
  errand: Errand<Preview>;
  /** Whether the query was changed since. */
  isOutdated: boolean;
  /** Whether the queries above it are saved as shown. */
  isSavedAbove: boolean;
  onAgain: () => void;
  onCancel: () => void;
}

export function PreviewPanel(props: PreviewPanelProps) {
  const { errand, isOutdated, isSavedAbove, onAgain, onCancel } = props;
  const panel = useRef<HTMLElement>(null);
  const { state } = errand;
  useEffect(() => {
    // A result is read from its heading on, however long it is.
    if (state !== 'idle') {
      panel.current?.scrollIntoView({ block: state === 'asking' ? 'nearest' : 'start' });
    }
  }, [state]);
  if (state === 'idle') return null;
  return (
    <section ref={panel} className={classes.panel} aria-label="Test of this query">
      {state === 'asking' && <Asking sinceMs={errand.sinceMs} onCancel={onCancel} />}
      {state === 'failed' && <ErrorPanel error={errand.error} onRetry={onAgain} />}
      {state === 'answered' && isOutdated && (
        <Notice tone="warning" isLive>
          <Group justify="space-between" gap="md">
            <Text size="sm">The query has changed since this test.</Text>
            <Button size="xs" variant="default" onClick={onAgain}>
              Test again
            </Button>
          </Group>
        </Notice>
      )}
      {state === 'answered' && (
        <Answer preview={errand.answer} isOutdated={isOutdated} isSavedAbove={isSavedAbove} />
      )}
    </section>
  );
}

/** After that it says that it takes long; the answer comes within about 25 s. */
const PATIENCE_MS = 6_000;

function Asking({ sinceMs, onCancel }: { sinceMs: number; onCancel: () => void }) {
  const waitedMs = Math.max(0, useNow() - sinceMs);
  const isSlow = waitedMs >= PATIENCE_MS;
  return (
    <Group justify="space-between" gap="md" wrap="nowrap">
      <Group gap="sm" wrap="nowrap">
        <Loader size="xs" />
        <Text size="sm" role="status">
          {isSlow
            ? 'ThreatConnect is slow. A result or an error appears within 30 seconds.'
            : 'Querying ThreatConnect. Nothing is sent.'}
        </Text>
        <Text size="sm" c="dimmed">
          <NumberText>{formatSpan(waitedMs / 1000)}</NumberText>
        </Text>
      </Group>
      <Button size="xs" variant="default" flex="none" onClick={onCancel}>
        Cancel test
      </Button>
    </Group>
  );
}

interface AnswerProps {
  preview: Preview;
  isOutdated: boolean;
  isSavedAbove: boolean;
}

function Answer({ preview, isOutdated, isSavedAbove }: AnswerProps) {
  return (
    <div className={classes.answer} data-outdated={isOutdated || undefined}>
      <div role="status">
        <Title order={3} size="h5">
          {preview.total_count === 0
            ? 'No Indicators match this query'
            : `${counted(preview.total_count, 'Indicator')} ${preview.total_count === 1 ? 'matches' : 'match'}`}
        </Title>
        <Text size="xs" c="dimmed">
          {preview.total_count === 0
            ? 'Check the owners, types and TQL. You can still submit a query without matches.'
            : 'Live result from ThreatConnect. Nothing was sent or saved.'}
        </Text>
      </div>
      {preview.total_count > 0 && (
        <>
          <PlainList className={classes.tallies} aria-label="Indicators by type">
            {preview.counts.map(({ indicator_type, count }) => (
              <li key={indicator_type} data-none={count === 0 || undefined}>
                <span>{typeLabel(indicator_type)}</span>
                <strong>{formatCount(count)}</strong>
              </li>
            ))}
          </PlainList>
          <Facts facts={factsOf(preview, isSavedAbove)} />
          <PreviewTable indicators={preview.indicators} total={preview.total_count} />
        </>
      )}
    </div>
  );
}

function factsOf(preview: Preview, isSavedAbove: boolean): Fact[] {
  return [
    { name: 'To send', value: sendingWords(preview) },
    { name: 'Context', value: contextWords(preview) },
    {
      name: 'Sample',
      value: preview.is_exact
        ? 'All of them'
        : `First ${counted(preview.sample_count, 'Indicator')}`,
    },
    {
      name: 'Overlap',
      value: (
        <>
          {overlapWords(preview)}
          {!isSavedAbove && (
            <Text size="xs" c="dimmed">
              Based on the saved list, without your unsaved changes to the queries above this one.
            </Text>
          )}
        </>
      ),
    },
    {
      name: 'Not sent',
      value:
        preview.held_back.length === 0 ? (
          'None'
        ) : (
          <PlainList>
            {preview.held_back.map((group) => (
              <li key={group.outcome}>
                {heldBackWords(group)}
                {group.examples[0] !== undefined && (
                  <Text component="span" size="xs" c="dimmed">
                    {' '}
                    such as <bdi>{group.examples[0].summary}</bdi>: {group.examples[0].reason}
                  </Text>
                )}
              </li>
            ))}
          </PlainList>
        ),
    },
  ];
}
