/** How Verify stands: its last run, the next one, what could not be read, and the buttons that run it. */
import { Button, Text, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';

import type { Verification, VerificationRun } from '../../api/model';
import { useRunVerify } from '../../api/verification';
import { Card } from '../../components/Card';
import { ErrorPanel } from '../../components/ErrorPanel';
import { Facts, type Fact } from '../../components/Facts';
import { GuideLink } from '../../components/GuideLink';
import { Icon } from '../../components/Icon';
import { LogsErrorNotice } from '../../components/LogsErrorNotice';
import { Notice } from '../../components/Notice';
import { StatusBadge } from '../../components/StatusBadge';
import { TimeDistance, TimeText } from '../../components/TimeText';
import { verifyStage } from '../../lib/finding';
import { remedyPlace } from '../../lib/guide';
import { counted, formatCount } from '../../lib/number';
import { confirmedWords, contextWords, findingCount } from '../../lib/verification';
import classes from './VerifyPage.module.css';

export function VerifyState({ state }: { state: Verification }) {
  const run = useRunVerify();
  const { last, complete } = state;
  const isRunning = state.date_started !== null;
  return (
    <>
      <Card
        title="Verify"
        end={
          <div className={classes.buttons}>
            <RunButton
              words="Verify now"
              explanation="Compares sums, and single objects only where these differ"
              isRunning={isRunning || run.isPending}
              onRun={() => run.mutate({ isWhole: false })}
            />
            <RunButton
              words="Verify everything"
              explanation="Compares each object, which takes more requests"
              isRunning={isRunning || run.isPending}
              onRun={() => run.mutate({ isWhole: true })}
            />
          </div>
        }
      >
        <div>
          <Stage state={state} />
        </div>
        {run.error !== null && <ErrorPanel error={run.error} />}
        <Facts facts={factsOf(state)} />
      </Card>
      {last?.error != null && (
        <LogsErrorNotice error={last.error} title="The last run could not read Sentinel" />
      )}
      {complete?.context?.error != null && (
        <LogsErrorNotice
          error={complete.context.error}
          title="Context objects could not be compared"
        />
      )}
      {complete !== null && complete.count_unread > 0 && <Silence count={complete.count_unread} />}
      {complete !== null && isAllThere(complete) && (
        <Notice tone="good">
          <Text size="sm">Everything that was compared is in Sentinel as it was sent.</Text>
        </Notice>
      )}
    </>
  );
}

/** Whether all that was compared is there, and nothing was left out for want of an answer. */
function isAllThere(run: VerificationRun): boolean {
  return findingCount(run) === 0 && run.count_confirmed > 0 && !run.context?.error;
}

interface RunButtonProps {
  words: string;
  explanation: string;
  isRunning: boolean;
  onRun: () => void;
}

function RunButton({ words, explanation, isRunning, onRun }: RunButtonProps) {
  return (
    <Tooltip label={isRunning ? 'Verify is running' : explanation}>
      <Button
        size="xs"
        variant="default"
        leftSection={<Icon name="play" size={14} />}
        {...(isRunning && { 'data-disabled': true, 'aria-disabled': true })}
        onClick={() => {
          if (!isRunning) onRun();
        }}
      >
        {words}
      </Button>
    </Tooltip>
  );
}

function Stage({ state }: { state: Verification }): ReactNode {
  switch (verifyStage(state)) {
    case 'running':
      return (
        <StatusBadge tone="active" icon="play">
          Running
        </StatusBadge>
      );
    case 'off':
      return (
        <StatusBadge tone="neutral" icon="pause">
          Off
        </StatusBadge>
      );
    case 'never':
      return (
        <StatusBadge tone="neutral" icon="clock">
          Not run yet
        </StatusBadge>
      );
    case 'failed':
      return (
        <StatusBadge tone="bad" icon="alert">
          Failed
        </StatusBadge>
      );
    case 'done':
      return <DoneBadge state={state} />;
  }
}

function DoneBadge({ state: { complete } }: { state: Verification }) {
  const found = complete === null ? 0 : findingCount(complete);
  return found > 0 ? (
    <StatusBadge tone="warning" icon="warning">
      {counted(found, 'finding')}
    </StatusBadge>
  ) : (
    <StatusBadge tone="good" icon="check">
      No findings
    </StatusBadge>
  );
}

function factsOf(state: Verification): Fact[] {
  const { last, complete } = state;
  return [
    {
      name: 'Running since',
      value: state.date_started && <TimeDistance value={state.date_started} />,
    },
    { name: 'Last run', value: last && <RunTime run={last} /> },
    {
      name: 'Findings of',
      value: complete !== null && last?.error != null && <RunTime run={complete} />,
    },
    ...(complete === null ? [] : countFacts(complete)),
    { name: 'Next run', value: <NextRun state={state} /> },
  ];
}

function RunTime({ run }: { run: VerificationRun }) {
  return (
    <>
      <TimeText value={run.date_ended} />
      {run.error === null &&
        `, ${run.is_whole ? 'each object compared' : 'objects compared where sums differ'}, ${counted(run.count_requests, 'request')}`}
    </>
  );
}

function countFacts(run: VerificationRun): Fact[] {
  return [
    { name: 'Confirmed', value: confirmedWords(run) },
    {
      name: 'Context objects',
      value: run.context !== null && run.context.error === null && contextWords(run.context),
    },
    {
      name: 'Recent',
      value:
        run.count_recent > 0 &&
        `${counted(run.count_recent, 'object')} not compared: sent less than 2 hours ago, or on the way`,
    },
    {
      name: 'Cannot be read',
      value: run.count_unread > 0 && counted(run.count_unread, 'object'),
    },
  ];
}

function NextRun({ state }: { state: Verification }) {
  if (state.date_started !== null) return null;
  if (state.interval_hours === 0) return 'Only when somebody asks (Verify Interval Hours is 0)';
  if (state.date_next === null) return 'Not scheduled';
  return <TimeDistance value={state.date_next} />;
}

/** Rows that do not come need not be missing: what may hide them. */
function Silence({ count }: { count: number }) {
  return (
    <Notice tone="warning" title={`${formatCount(count)} objects cannot be read`}>
      <Text size="sm">
        Fewer than half of the rows that must be there came, so nothing is concluded from those that
        did not. Look for a protected table or row-level scoping that hides rows from the
        application, for a transformation that drops them, and for a delay of ingestion.{' '}
        <GuideLink to={remedyPlace('AZ-QUERY-SILENT')}>Cause and remedy</GuideLink>
      </Text>
    </Notice>
  );
}
