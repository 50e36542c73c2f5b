/** Everything about one value: the verdict, its copies, what is around it, and what was sent. */
import { Skeleton, Text } from '@mantine/core';

import { useFindings } from '../../api/indicator';
import type { Findings } from '../../api/model';
import { ErrorPanel } from '../../components/ErrorPanel';
import { Mono } from '../../components/Mono';
import { Notice } from '../../components/Notice';
import { Words } from '../../components/Words';
import { lookedUpAs, verdictFace, verdictWords } from '../../lib/lookup';
import { ActorCard } from './ActorCard';
import { CopyTable } from './CopyTable';
import classes from './LookupPage.module.css';
import { MatchCard } from './MatchCard';
import { NearTable } from './NearTable';
import { RefusedCard } from './RefusedCard';
import { SentCard } from './SentCard';
import { SourceNotice } from './SourceNotice';
import { ValueActions } from './ValueActions';

interface DetailsProps {
  value: string;
  /** The verdict stands elsewhere already. */
  isBelowRow?: boolean;
}

export function Details({ value, isBelowRow = false }: DetailsProps) {
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
      <div role="status" aria-busy="true" aria-label="Looking up the value">
        <Skeleton height={52} mb="md" />
        <Skeleton height={260} />
      </div>
    );
  }
  return (
    <>
      {!isBelowRow && <Verdict findings={findings.data} />}
      {!isBelowRow && (
        <div className={classes.actions}>
          <ValueActions rows={[findings.data.row]} />
        </div>
      )}
      <Found findings={findings.data} isBelowRow={isBelowRow} />
    </>
  );
}

function Verdict({ findings: { row } }: { findings: Findings }) {
  const as = lookedUpAs(row);
  return (
    <Notice tone={verdictFace(row.verdict).tone} isLive>
      <Text size="sm" fw={600} dir="auto">
        {verdictWords(row)}
      </Text>
      {as !== null && (
        <Text size="sm">
          Looked up as{' '}
          <Words>
            <Mono>{as}</Mono>
          </Words>
        </Text>
      )}
    </Notice>
  );
}

function Found({ findings, isBelowRow }: { findings: Findings; isBelowRow: boolean }) {
  const { sent, refused, copies, near, queries, matches, actors } = findings;
  const { source_error: sourceError } = findings;
  const lists = [sent, refused, copies, near, actors];
  const isEmpty = matches.count === 0 && lists.every(({ length }) => length === 0);
  return (
    <>
      {sourceError !== null && <SourceNotice error={sourceError} />}
      {matches.count > 0 && <MatchCard value={findings.row.value} matches={matches} />}
      {actors.length > 0 && <ActorCard actors={actors} />}
      {copies.length > 0 && <CopyTable copies={copies} />}
      {near.length > 0 && <NearTable near={near} queries={queries} />}
      {refused.map((object) => (
        <RefusedCard key={object.object_key} refused={object} queries={queries} />
      ))}
      {sent.map((object) => (
        <SentCard key={object.stix_id} sent={object} queries={queries} />
      ))}
      {isBelowRow && isEmpty && (
        <Text size="sm" c="dimmed">
          Nothing else is known about this value.
        </Text>
      )}
    </>
  );
}
