/** The saved list and the file side by side, each query with what an import changes. */
import { Text, Title } from '@mantine/core';

import type { IconName } from '../../components/Icon';
import { OwnerNames } from '../../components/OwnerNames';
import { Position } from '../../components/Position';
import { StatusBadge } from '../../components/StatusBadge';
import type { RowMessages } from '../../lib/draft';
import { fieldLabel, typeLabel } from '../../lib/label';
import { counted } from '../../lib/number';
import type { Tone } from '../../lib/status';
import type { Comparison, Fate, FateOf } from '../../lib/transfer';
import { orderWords } from '../../lib/sortOrder';
import { TqlCode } from '../../tql/TqlCode';
import { TqlText } from '../../tql/TqlText';
import { RowProblem } from './RowProblem';
import { TwoLists } from './TwoLists';

interface ImportListsProps {
  found: Comparison;
  /** What a refused import said, by the rows of the file. */
  messages: ReadonlyMap<string, RowMessages>;
}

const marks: Record<Exclude<Fate, 'kept'>, { tone: Tone; icon: IconName; words: string }> = {
  added: { tone: 'good', icon: 'plus', words: 'Added' },
  edited: { tone: 'active', icon: 'edit', words: 'Edited' },
  deleted: { tone: 'bad', icon: 'trash', words: 'Deleted' },
};

export function ImportLists({ found, messages }: ImportListsProps) {
  return (
    <TwoLists>
      <ListOf title="Saved list" queries={found.inSaved} />
      <ListOf
        title="File"
        queries={found.inFile}
        messagesAt={(index) => messages.get(found.rows[index]?.key ?? '')}
      />
    </TwoLists>
  );
}

interface ListOfProps {
  title: string;
  queries: readonly FateOf[];
  messagesAt?: (index: number) => RowMessages | undefined;
}

function ListOf({ title, queries, messagesAt }: ListOfProps) {
  return (
    <section aria-label={title}>
      <Title order={3} size="h6" mb={8}>
        {title}: {counted(queries.length, 'query', 'queries')}
      </Title>
      <ol>
        {queries.map((query, index) => (
          <li key={index}>
            <Position>{index + 1}.</Position> <Entry query={query} messages={messagesAt?.(index)} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Entry({ query, messages }: { query: FateOf; messages: RowMessages | undefined }) {
  const { fields, fate } = query;
  const mark = fate === 'kept' ? null : marks[fate];
  const sorted =
    fields.sort_field === null
      ? ''
      : `, by ${fieldLabel(fields.sort_field)}, ${orderWords(fields.sort_field, fields.sort_direction).toLowerCase()}`;
  return (
    <>
      {mark !== null && (
        <StatusBadge tone={mark.tone} icon={mark.icon}>
          {mark.words}
        </StatusBadge>
      )}{' '}
      <strong>
        {fields.name !== null && (
          <>
            <bdi>{fields.name}</bdi>:{' '}
          </>
        )}
        <OwnerNames names={fields.owners} />
      </strong>
      {!fields.is_enabled && ' (disabled)'}
      <Text size="xs" c="dimmed">
        {fields.indicator_types.map(typeLabel).join(', ')}
        {sorted}
      </Text>
      <TqlCode extent="clamped">
        {fields.tql.trim() === '' ? 'All Indicators' : <TqlText text={fields.tql} />}
      </TqlCode>
      {messages !== undefined && <RowProblem messages={messages} />}
    </>
  );
}
