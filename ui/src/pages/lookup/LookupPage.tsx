/** REPORTS, INDICATOR LOOKUP: what became of one value. */
import { Button, Skeleton, Text, TextInput } from '@mantine/core';
import { useState, type SyntheticEvent } from 'react';

import { useFindings } from '../../api/indicator';
import type { Findings } from '../../api/model';
import { EmptyState } from '../../components/EmptyState';
import { ErrorPanel } from '../../components/ErrorPanel';
import { Icon } from '../../components/Icon';
import { Notice } from '../../components/Notice';
import { PageHeader } from '../../components/PageHeader';
import { MAX_VALUE_CHARS, verdictOf } from '../../lib/lookup';
import { setParams, useRoute } from '../../shell/router';
import { CopyTable } from './CopyTable';
import { RefusedCard } from './RefusedCard';
import { SentCard } from './SentCard';

export function LookupPage() {
  const { params } = useRoute();
  const value = (params.get('value') ?? '').trim().slice(0, MAX_VALUE_CHARS);
  return (
    <>
      <PageHeader
        title="Indicator Lookup"
        summary="What became of a value: in Sentinel, and in ThreatConnect"
      />
      <ValueForm key={value} value={value} />
      {value === '' ? (
        <div className="app-panel">
          <EmptyState title="Which value?">
            <Text size="sm" c="dimmed">
              An address, host, URL or any other value as ThreatConnect shows it, or one hash of a
              File.
            </Text>
          </EmptyState>
        </div>
      ) : (
        <Answer value={value} />
      )}
    </>
  );
}

/** The value is kept in the address behind `#`, which no browser sends to a server. */
function ValueForm({ value }: { value: string }) {
  const [text, setText] = useState(value);
  const wanted = text.trim();
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (wanted !== '') setParams({ value: wanted });
  };
  return (
    <form className="app-lookup-form" onSubmit={submit}>
      <TextInput
        label="Value"
        value={text}
        maxLength={MAX_VALUE_CHARS}
        spellCheck={false}
        autoComplete="off"
        dir="auto"
        classNames={{ input: 'app-mono' }}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Button type="submit" leftSection={<Icon name="search" />} disabled={wanted === ''}>
        Look up
      </Button>
    </form>
  );
}

function Answer({ value }: { value: string }) {
  const findings = useFindings(value);
  if (findings.error !== null) {
    return (
      <ErrorPanel
        error={findings.error}
        onRetry={() => void findings.refetch()}
        isRetrying={findings.isFetching}
      />
    );
  }
  if (findings.data === undefined) {
    return (
      <div role="status" aria-busy="true" aria-label="Looking the value up">
        <Skeleton height={52} mb="md" />
        <Skeleton height={260} />
      </div>
    );
  }
  return <Found findings={findings.data} />;
}

function Found({ findings }: { findings: Findings }) {
  const { sent, refused, copies, queries, source_error: sourceError } = findings;
  const verdict = verdictOf(findings);
  return (
    <>
      <Notice tone={verdict.tone} isLive>
        <Text size="sm" fw={600}>
          {verdict.text}
        </Text>
      </Notice>
      {sourceError !== null && (
        <Notice tone="warning" title="ThreatConnect could not tell of its copies">
          <Text size="sm" dir="auto">
            {sourceError}
          </Text>
        </Notice>
      )}
      {copies.length > 0 && <CopyTable copies={copies} />}
      {refused.map((object) => (
        <RefusedCard key={object.object_key} refused={object} queries={queries} />
      ))}
      {sent.map((object) => (
        <SentCard key={object.stix_id} sent={object} queries={queries} />
      ))}
    </>
  );
}
