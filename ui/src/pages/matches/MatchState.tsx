/** How the Task Match stands: its last run, the next one, and why there may be nothing to see. */
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';

import type { MatchRun } from '../../api/model';
import { Card } from '../../components/Card';
import { Facts, type Fact } from '../../components/Facts';
import { Link } from '../../components/Link';
import { LogsErrorNotice } from '../../components/LogsErrorNotice';
import { Notice } from '../../components/Notice';
import { TimeDistance, TimeText } from '../../components/TimeText';
import { matchStage } from '../../lib/matchStage';
import { counted, formatCount } from '../../lib/number';
import { formatHash } from '../../lib/route';

export function MatchState({ run }: { run: MatchRun }) {
  return (
    <>
      <Card title="Match" end={<Link href={formatHash('tasks')}>Run it in TASKS</Link>}>
        <Facts facts={factsOf(run)} />
      </Card>
      {run.error !== null && (
        <LogsErrorNotice error={run.error} title="The last run could not read the alerts" />
      )}
      <StageNotice run={run} />
    </>
  );
}

function factsOf(run: MatchRun): Fact[] {
  return [
    { name: 'Last run', value: <LastRun run={run} /> },
    { name: 'Alerts read until', value: <TimeText value={run.read_until} /> },
    { name: 'Next run', value: nextRun(run) },
  ];
}

function LastRun({ run }: { run: MatchRun }): ReactNode {
  switch (matchStage(run)) {
    case 'off':
    case 'never':
      return 'Not run yet';
    case 'running':
      return (
        <>
          Running, since <TimeText value={run.date_began} />
        </>
      );
    case 'failed':
      return (
        <>
          <TimeText value={run.date_ended} />, failed
        </>
      );
    default:
      return (
        <>
          <TimeText value={run.date_ended} />: {counted(run.count_alerts, 'alert')} read,{' '}
          {counted(run.count_new, 'new match', 'new matches')}
          {run.count_unreadable > 0 &&
            `, ${formatCount(run.count_unreadable)} not readable in full`}
        </>
      );
  }
}

function nextRun(run: MatchRun): ReactNode {
  if (run.interval_hours === 0) return 'Only when somebody runs it (Match Interval Hours is 0)';
  return run.date_next === null ? 'Paused' : <TimeDistance value={run.date_next} />;
}

/** Why no alert was seen, which is not the same as that there is none. */
function StageNotice({ run }: { run: MatchRun }) {
  switch (matchStage(run)) {
    case 'no-table':
      return (
        <Notice tone="active" title="This workspace has no alerts yet">
          <Text size="sm">
            Its table SecurityAlert comes with the first alert. Nothing needs to be done.
          </Text>
        </Notice>
      );
    case 'none-seen':
      return (
        <Notice tone="active" title="No alert was seen so far">
          <Text size="sm">
            Either there is none, or the application may not see them: row-level or table-level
            access can hide the table SecurityAlert.
          </Text>
        </Notice>
      );
    default:
      return null;
  }
}
