/** How Context stands: what is in Sentinel, what waits, and what it would do where it is off. */
import { Text } from '@mantine/core';

import type { Context } from '../../api/model';
import { Card } from '../../components/Card';
import { CodeLine } from '../../components/ErrorCode';
import { Facts, type Fact } from '../../components/Facts';
import { FullMessage } from '../../components/FullMessage';
import { GuideLink } from '../../components/GuideLink';
import { Help } from '../../components/Help';
import { Link } from '../../components/Link';
import { Notice } from '../../components/Notice';
import { PauseText } from '../../components/PauseText';
import { TimeText } from '../../components/TimeText';
import { isContextOn, leftWords, liveWords, waitingWords } from '../../lib/context';
import { counted, formatCount } from '../../lib/number';
import { formatHash } from '../../lib/route';
import { HeldBack } from './HeldBack';

export function ContextState({ state }: { state: Context }) {
  const { error, pause, count_held_back: heldBack } = state;
  return (
    <>
      {heldBack > 0 && <HeldBack count={heldBack} />}
      {error !== null && (
        <Notice tone="bad" title="Context cannot be sent now">
          <Text size="sm" dir="auto">
            {error.message} Indicators do not depend on it.
          </Text>
          <CodeLine code={error.code} />
          <FullMessage text={error.reason} />
        </Notice>
      )}
      <Card
        title="Context"
        end={<Link href={formatHash('tasks', { task: 'context' })}>View in TASKS</Link>}
      >
        {pause !== null && <PauseText {...pause} />}
        {!isContextOn(state) && <WhatItDoes state={state} />}
        <Facts facts={factsOf(state)} />
      </Card>
    </>
  );
}

function WhatItDoes({ state }: { state: Context }) {
  return (
    <>
      <Text size="sm">
        Context is off. It tells Sentinel whose the Indicators are, and who is behind them:
        <em> Owner identities</em> sends one object for each owner, which is named as the author of
        its Indicators; <em>Owner identities and threat actors</em> also sends Groups (Adversary,
        Intrusion Set, Threat) as threat actors, related to their Indicators.
      </Text>
      <Text size="sm" mt="xs" mb="xs">
        Each object costs as much of the API limit as an Indicator, so there may be more
        relationships than Indicators to send. They follow the Indicators, in at most{' '}
        {counted(state.requests_per_minute, 'request')} a minute. The test of a TQL query estimates
        them once it is on. Choose in the input <em>Context Objects</em> of the Service.{' '}
        <GuideLink to="operations.html#context">More in the guide</GuideLink>
      </Text>
    </>
  );
}

function factsOf(state: Context): Fact[] {
  const isOn = isContextOn(state);
  const waits = waitingWords(state);
  const hasLive = state.live.some(({ count }) => count > 0);
  return [
    {
      name: 'Context Objects',
      value: isOn && (
        <>
          {state.choice} <Help topic="Context choice" />
        </>
      ),
    },
    {
      name: 'Actor Group Types',
      value: state.choice === 'Owner identities and threat actors' && (
        <>
          {state.actor_types.join(', ')} <Help topic="Actor Group type" />
        </>
      ),
    },
    { name: 'In Sentinel', value: (isOn || hasLive) && liveWords(state) },
    { name: 'Waiting', value: waits !== '' ? waits : isOn && 'Nothing' },
    { name: 'Time left', value: waits !== '' && leftWords(state) },
    {
      name: 'To be withdrawn',
      value:
        state.count_unwanted > 0 &&
        `${counted(state.count_unwanted, 'object')}, after the next complete reading of everything`,
    },
    { name: 'Refused', value: state.count_refused > 0 && formatCount(state.count_refused) },
    { name: 'Completed last', value: isOn && <Ended at={state.date_ended} /> },
  ];
}

function Ended({ at }: { at: string | null }) {
  return at === null ? 'Not yet' : <TimeText value={at} />;
}
