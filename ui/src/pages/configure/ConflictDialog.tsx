/** The list was saved meanwhile: both lists side by side, and the reader decides. */
import { Button, Group, Stack, Text, Title, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';

import type { Configure } from '../../api/model';
import danger from '../../components/danger.module.css';
import { Dialog, DialogFoot } from '../../components/Dialog';
import { OwnerNames } from '../../components/OwnerNames';
import { Position } from '../../components/Position';
import { StatusBadge } from '../../components/StatusBadge';
import { TimeText } from '../../components/TimeText';
import { compareLists, countDiffering, isDiffering, type Compared } from '../../lib/conflict';
import type { Draft, QueryFields } from '../../lib/draft';
import { fieldLabel, typeLabel } from '../../lib/label';
import { counted } from '../../lib/number';
import { orderWords } from '../../lib/sortOrder';
import { TqlCode } from '../../tql/TqlCode';
import { TqlText } from '../../tql/TqlText';
import { TwoLists } from './TwoLists';

interface ConflictDialogProps {
  /** The newer saved list. */
  newer: Configure;
  draft: Draft;
  onTakeNewer: () => void;
  onKeepMine: () => void;
  onClose: () => void;
}

export function ConflictDialog(props: ConflictDialogProps) {
  const { newer, draft, onTakeNewer, onKeepMine, onClose } = props;
  const lists = compareLists(newer.queries, draft.rows);
  const count = countDiffering(lists);
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={
        newer.saved_by === null
          ? 'This list was changed'
          : `This list was changed by ${newer.saved_by}`
      }
      size={1100}
      isClosedByClick={false}
    >
      <Stack gap="md">
        <Text size="sm">
          It was saved{' '}
          {newer.saved_at !== null && (
            <>
              <TimeText value={newer.saved_at} />,{' '}
            </>
          )}
          after you started editing, perhaps in another tab. Your changes are not saved and not
          lost.{' '}
          {count === 0
            ? 'Both lists are the same.'
            : `${counted(count, 'query differs', 'queries differ')}, marked below.`}
        </Text>
        <TwoLists>
          <ListOf title="Saved list" queries={lists.newer} />
          <ListOf title="Your list" queries={lists.mine} />
        </TwoLists>
        <DialogFoot>
          <Text size="xs" c="dimmed" ta="right">
            Saving again will overwrite their changes.
          </Text>
          <Group justify="flex-end">
            <Button variant="default" className={danger.quiet} onClick={onTakeNewer}>
              Use saved list
            </Button>
            <Button onClick={onKeepMine}>Keep editing my list</Button>
          </Group>
        </DialogFoot>
      </Stack>
    </Dialog>
  );
}

function ListOf({ title, queries }: { title: string; queries: readonly Compared[] }) {
  return (
    <section aria-label={title}>
      <Title order={3} size="h6">
        {title}{' '}
        <Text span size="sm" c="dimmed">
          {counted(queries.length, 'query', 'queries')}
        </Text>
      </Title>
      {/* A region that scrolls has to be reachable by the keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div role="group" aria-label={`Queries of: ${title}`} tabIndex={0}>
        <ol>
          {queries.map((query, index) => (
            <ComparedQuery key={query.key} query={query} place={index + 1} />
          ))}
        </ol>
      </div>
    </section>
  );
}

function ComparedQuery({ query, place }: { query: Compared; place: number }) {
  const { fields } = query;
  return (
    <li data-differs={isDiffering(query) || undefined}>
      <Group gap="xs" justify="space-between">
        <Position>{place}</Position>
        <Group gap={6}>
          {query.isAlone && (
            <StatusBadge tone="warning" icon="alert">
              Only here
            </StatusBadge>
          )}
          {query.isMoved && (
            <StatusBadge tone="warning" icon="alert">
              Moved
            </StatusBadge>
          )}
        </Group>
      </Group>
      <dl>
        <Line name="Name" query={query} of={['name']}>
          {fields.name === null ? 'none' : <bdi>{fields.name}</bdi>}
        </Line>
        <Line name="State" query={query} of={['is_enabled']}>
          {fields.is_enabled ? 'Enabled' : 'Disabled'}
        </Line>
        <Line name="Note" query={query} of={['note']}>
          {fields.note === null ? 'none' : <bdi>{fields.note}</bdi>}
        </Line>
        <Line name="Owners" query={query} of={['owners']}>
          <OwnerNames names={fields.owners} />
        </Line>
        <Line name="Types" query={query} of={['indicator_types']}>
          {fields.indicator_types.map(typeLabel).join(', ')}
        </Line>
        <Line name="TQL" query={query} of={['tql']}>
          {fields.tql.trim() === '' ? (
            'All Indicators'
          ) : (
            <TqlCode>
              <TqlText text={fields.tql} />
            </TqlCode>
          )}
        </Line>
        <Line name="Sort" query={query} of={['sort_field', 'sort_direction']}>
          {sortWords(fields)}
        </Line>
      </dl>
    </li>
  );
}

interface LineProps {
  name: string;
  query: Compared;
  /** The fields that it shows. */
  of: readonly (keyof QueryFields)[];
  children: ReactNode;
}

function Line({ name, query, of, children }: LineProps) {
  const differs = of.some((field) => query.differing.includes(field));
  return (
    <div data-differs={differs || undefined}>
      <dt>
        {name}
        {differs && <VisuallyHidden> (differs)</VisuallyHidden>}
      </dt>
      <dd>{children}</dd>
    </div>
  );
}

function sortWords({ sort_field: field, sort_direction: direction }: QueryFields): string {
  if (field === null) return '-';
  return `${fieldLabel(field)}, ${orderWords(field, direction).toLowerCase()}`;
}
