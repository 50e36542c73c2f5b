/** What a query would give, as ThreatConnect answers it now. Nothing is sent for it. */
import { Button, Group, Loader, Text, Title } from '@mantine/core';
import { useEffect, useRef } from 'react';

import type { Preview } from '../../api/model';
import { ErrorPanel } from '../../components/ErrorPanel';
import { Facts, type Fact } from '../../components/Facts';
import { Notice } from '../../components/Notice';
import { typeLabel } from '../../lib/label';
import { counted, formatCount } from '../../lib/number';
import { heldBackWords, higherWords, sendingWords } from '../../lib/preview';
import { formatSpan } from '../../lib/time';
import { useNow } from '../../shell/clock';
import { PreviewTable } from './PreviewTable';
import type { Errand } from './useErrand';

interface PreviewPanelProps {
  errand: Errand<Preview>;
  /** Whether the query was changed since. */
  isOutdated: boolean;
  /** Whether the queries above it are saved as they stand. */
  isSavedAbove: boolean;
  onAgain: () => void;
  onCancel: () => void;
}

export function PreviewPanel(props: PreviewPanelProps) {
  const { errand, isOutdated, isSavedAbove, onAgain, onCancel } = props;
  const panel = useRef<HTMLElement>(null);
  const { state } = errand;
  useEffect(() => {
    if (state !== 'idle') panel.current?.scrollIntoView({ block: 'nearest' });
  }, [state]);
  if (state === 'idle') return null;
  return (
    <section ref={panel} className="app-preview" aria-label="Test of this query">
      {state === 'asking' && <Asking sinceMs={errand.sinceMs} onCancel={onCancel} />}
      {state === 'failed' && <ErrorPanel error={errand.error} onRetry={onAgain} />}
      {state === 'answered' && isOutdated && (
        <Notice tone="warning" isLive>
          <Group justify="space-between" gap="md">
            <Text size="sm">The query was changed since. This is what it gave before.</Text>
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

/** From then on it says that it takes long; the answer comes within about 25 s. */
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
            ? 'ThreatConnect is slow. Within half a minute there is an answer, or the reason why not.'
            : 'Asking ThreatConnect. Nothing is sent.'}
        </Text>
        <Text size="sm" c="dimmed" className="app-number">
          {formatSpan(waitedMs / 1000)}
        </Text>
      </Group>
      <Button size="xs" variant="default" flex="none" onClick={onCancel}>
        Cancel the test
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
    <div className="app-preview-answer" data-outdated={isOutdated || undefined}>
      <div role="status">
        <Title order={3} size="h5">
          {preview.total_count === 0
            ? 'No Indicator matches this query now'
            : `${counted(preview.total_count, 'Indicator')} ${preview.total_count === 1 ? 'matches' : 'match'}`}
        </Title>
        <Text size="xs" c="dimmed">
          {preview.total_count === 0
            ? 'Check the owners, the types and the TQL. A query without matches may be submitted all the same.'
            : 'Asked of ThreatConnect just now. Nothing was sent to Sentinel, and nothing was stored.'}
        </Text>
      </div>
      {preview.total_count > 0 && (
        <>
          <ul className="app-tallies" aria-label="Indicators by type">
            {preview.counts.map(({ indicator_type, count }) => (
              <li key={indicator_type} data-none={count === 0 || undefined}>
                <span>{typeLabel(indicator_type)}</span>
                <strong>{formatCount(count)}</strong>
              </li>
            ))}
          </ul>
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
    {
      name: 'Looked at',
      value: preview.is_exact
        ? 'every one of them'
        : `the first ${formatCount(preview.sample_count)} one by one; what follows holds for these`,
    },
    {
      name: 'Higher queries',
      value: (
        <>
          {higherWords(preview)}
          {!isSavedAbove && (
            <Text size="xs" c="dimmed">
              Judged by the saved list. What was added, edited, moved or deleted above this query
              counts once it is saved.
            </Text>
          )}
        </>
      ),
    },
    {
      name: 'Held back',
      value:
        preview.held_back.length === 0 ? (
          'none'
        ) : (
          <ul className="app-plain-list">
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
          </ul>
        ),
    },
  ];
}
