/** What a save would change in Sentinel, asked when the window opens; it never holds up the save. */
import { Group, Loader, Radio, Stack, Text } from '@mantine/core';

import { useEffectOf } from '../../api/configure';
import type { Effect, EffectBody, QueryEffect } from '../../api/model';
import { Notice } from '../../components/Notice';
import { PlainList } from '../../components/PlainList';
import { QueryName } from '../../components/QueryName';
import { TimeText } from '../../components/TimeText';
import { effectWords, fullWords, withdrawn } from '../../lib/effect';
import { counted, formatCount } from '../../lib/number';
import classes from './SaveEffect.module.css';

export interface SaveEffectProps {
  body: EffectBody;
  /** Ids of deleted queries whose objects are to be withdrawn. */
  withdraw: readonly string[];
  onWithdraw: (ids: string[]) => void;
}

export function SaveEffect({ body, withdraw, onWithdraw }: SaveEffectProps) {
  const { data, error } = useEffectOf(body);
  if (error !== null) {
    return (
      <Notice tone="warning" isLive title="The effect could not be estimated">
        <Text size="sm">{error.message} You can still save.</Text>
      </Notice>
    );
  }
  if (data === undefined) {
    return (
      <Group gap="sm" wrap="nowrap">
        <Loader size="xs" />
        <Text size="sm" c="dimmed" role="status">
          Estimating the effect in Sentinel... You can save without waiting.
        </Text>
      </Group>
    );
  }
  return <Answer effect={data} withdraw={withdraw} onWithdraw={onWithdraw} />;
}

type AnswerProps = Omit<SaveEffectProps, 'body'> & { effect: Effect };

function Answer({ effect, withdraw, onWithdraw }: AnswerProps) {
  const full = fullWords(effect);
  const changed = effect.queries.filter(({ change }) => change !== 'kept');
  const deleted = effect.queries.filter(
    ({ change, objects_staying: staying }) => change === 'deleted' && staying > 0,
  );
  return (
    <Stack gap="sm">
      <section className={classes.effect} aria-label="Effect in Sentinel">
        <Text size="sm" fw={600} role="status">
          {effectWords(withdrawn(effect, withdraw))}
        </Text>
        {full !== null && (
          <Text size="xs" c="dimmed">
            {full}
          </Text>
        )}
        {changed.length > 0 && (
          <details className={classes.details}>
            <summary>By query</summary>
            <PlainList>
              {changed.map((query) => (
                <li key={`${query.query_id ?? ''} ${query.position ?? ''}`}>
                  <OneEffect query={query} />
                </li>
              ))}
            </PlainList>
          </details>
        )}
      </section>
      {deleted.length > 0 && (
        <Remains deleted={deleted} withdraw={withdraw} onWithdraw={onWithdraw} />
      )}
    </Stack>
  );
}

function OneEffect({ query }: { query: QueryEffect }) {
  const parts = [
    query.count === null ? null : counted(query.count, 'Indicator'),
    query.objects_more ? `${formatCount(query.objects_more)} more` : null,
    query.objects_fewer ? `${formatCount(query.objects_fewer)} fewer` : null,
    query.objects_staying > 0 ? `${formatCount(query.objects_staying)} expire` : null,
    query.not_counted,
  ].filter((part) => part !== null);
  return (
    <>
      <QueryName position={null} query={query} isInline /> ({query.change})
      {parts.length > 0 && `: ${parts.join(', ')}`}
      {query.taken_over_by.length > 0 && '. Another query returns all of it'}.
    </>
  );
}

interface RemainsProps {
  deleted: readonly QueryEffect[];
  withdraw: readonly string[];
  onWithdraw: (ids: string[]) => void;
}

/** What deleted queries leave in Sentinel, and the choice to withdraw it. */
function Remains({ deleted, withdraw, onWithdraw }: RemainsProps) {
  const ids = deleted.flatMap(({ query_id: id }) => (id === null ? [] : [id]));
  const count = deleted.reduce((total, { objects_staying: staying }) => total + staying, 0);
  const until = deleted
    .map(({ staying_until: at }) => at)
    .filter((at) => at !== null)
    .sort()
    .at(-1);
  return (
    <Radio.Group
      label={`${counted(count, 'object')} of ${counted(deleted.length, 'deleted query', 'deleted queries')} in Sentinel`}
      value={withdraw.length > 0 ? 'withdraw' : 'keep'}
      onChange={(choice) => onWithdraw(choice === 'withdraw' ? ids : [])}
    >
      <Stack gap={6} mt={6}>
        <Radio
          value="keep"
          label="Keep until they expire"
          description={
            until === undefined ? (
              'Objects that another query returns are renewed by it.'
            ) : (
              <>
                The last one expires <TimeText value={until} />. Objects that another query returns
                are renewed by it.
              </>
            )
          }
        />
        <Radio
          value="withdraw"
          label="Withdraw from Sentinel"
          description="The next update marks them as revoked, except those that another query returns. More than the withdraw limit waits for a confirmation in JOBS."
        />
      </Stack>
    </Radio.Group>
  );
}
