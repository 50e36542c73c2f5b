/** What is behind one threat actor: the Groups that were merged, a refusal, and its Indicators. */
import { Text, Title } from '@mantine/core';
import { useState } from 'react';

import { useRelated } from '../../api/context';
import type { Actor, RelatedIndicator } from '../../api/model';
import type { Place } from '../../api/report';
import { ContextBadge } from '../../components/ContextBadge';
import { CopyText } from '../../components/CopyText';
import { DataTable, type Column } from '../../components/DataTable';
import { EmptyState } from '../../components/EmptyState';
import { CodeLine } from '../../components/ErrorCode';
import { ErrorPanel } from '../../components/ErrorPanel';
import { GroupList } from '../../components/GroupList';
import { IndicatorName } from '../../components/IndicatorName';
import { LongText } from '../../components/LongText';
import { Notice } from '../../components/Notice';
import { Pager } from '../../components/Pager';
import { RowDetails } from '../../components/RowDetails';
import { TimeText } from '../../components/TimeText';
import { Words } from '../../components/Words';
import { typeLabel } from '../../lib/label';
import { objectName } from '../../lib/lookup';
import { counted } from '../../lib/number';
import classes from './ContextPage.module.css';

export function ActorDetails({ actor }: { actor: Actor }) {
  return (
    <RowDetails>
      <div className={classes.parts}>
        <Refusal actor={actor} />
        <section>
          <Title order={3} size="h6" mb={4}>
            Groups
          </Title>
          {actor.groups.length > 1 && (
            <Text size="xs" c="dimmed" mb={4}>
              These Groups have one MITRE ID, or else one name, so they are one threat actor in
              Sentinel. Different actors of the same name cannot be told apart.
            </Text>
          )}
          {actor.groups.length === 0 ? (
            <Text size="sm" c="dimmed">
              ThreatConnect has no Group of it any more.
            </Text>
          ) : (
            <GroupList of={actor.name} groups={actor.groups} />
          )}
          <CopyText what="STIX ID" value={actor.stix_id} />
        </section>
        <section>
          <Title order={3} size="h6" mb={4}>
            Indicators
          </Title>
          <RelatedTable actor={actor} />
        </section>
      </div>
    </RowDetails>
  );
}

function Refusal({ actor: { refusal } }: { actor: Actor }) {
  if (refusal === null) return null;
  return (
    <Notice tone="warning" title="Sentinel refuses its newest version">
      <LongText text={refusal.reason} />
      <Text size="xs" c="dimmed" component="div">
        {counted(refusal.attempts, 'attempt')}, the last at{' '}
        <TimeText value={refusal.date_refused} />
      </Text>
      <CodeLine code={refusal.code} />
    </Notice>
  );
}

function RelatedTable({ actor }: { actor: Actor }) {
  const [place, setPlace] = useState<Place>({ limit: 20, offset: 0 });
  const related = useRelated(actor.id, place);
  if (related.error !== null && related.data === undefined) {
    return (
      <ErrorPanel
        error={related.error}
        onRetry={() => void related.refetch()}
        isRetrying={related.isFetching}
      />
    );
  }
  return (
    <>
      <DataTable<RelatedIndicator>
        label={`Indicators of ${actor.name}`}
        columns={columns}
        rows={related.data?.data}
        rowKey={(each) => `${each.type ?? ''} ${each.hash_kind ?? ''} ${each.value}`}
        minWidth={700}
        isFixed
        isStacked
        empty={<EmptyState title="No Indicator is to be related to it any more." />}
      />
      {related.data !== undefined && related.data.total_count > place.limit && (
        <Pager
          noun="object"
          total={related.data.total_count}
          limit={place.limit}
          offset={place.offset}
          onChange={setPlace}
        />
      )}
    </>
  );
}

const columns: Column<RelatedIndicator>[] = [
  {
    key: 'value',
    heading: 'Indicator',
    cell: (each) => <IndicatorName indicator={{ ...each, summary: each.value }} />,
  },
  {
    key: 'type',
    heading: 'Type',
    width: 150,
    cell: (each) => objectName(typeLabel(each.type ?? ''), each.hash_kind),
  },
  { key: 'owner', heading: 'Owner', width: '20%', cell: (each) => <Words>{each.owner}</Words> },
  {
    key: 'state',
    heading: 'Relationship',
    width: 150,
    cell: (each) => <ContextBadge state={each.state} />,
  },
];
