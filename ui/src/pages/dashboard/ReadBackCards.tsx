/** What is read back from Sentinel: whether it has what was sent, and what that has caught. */
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';

import type {
  FindingKind,
  MatchSummary,
  MetricSummary,
  Verification,
  VerificationRun,
} from '../../api/model';
import { Card } from '../../components/Card';
import { ErrorCode } from '../../components/ErrorCode';
import { Flag } from '../../components/Flag';
import { Link } from '../../components/Link';
import { ReportedQueryName } from '../../components/ReportedQueryName';
import { TimeDistance } from '../../components/TimeText';
import { Words } from '../../components/Words';
import { matchStage } from '../../lib/matchStage';
import { counted, formatCount } from '../../lib/number';
import { formatHash } from '../../lib/route';
import { confirmedWords, countOf, findingKinds, kindName } from '../../lib/verification';
import { CountTable } from './CountTable';
import classes from './ReadBackCards.module.css';

/** Each is there only if its Task runs by itself. */
export function ReadBackCards({ summary }: { summary: MetricSummary }) {
  const { verification, matches } = summary;
  const verifies = verification.interval_hours > 0;
  const isMatching = matches.run.interval_hours > 0;
  return (
    <>
      {verifies && <VerifyCard state={verification} isWide={!isMatching} />}
      {isMatching && <MatchCard summary={matches} isWide={!verifies} />}
    </>
  );
}

function VerifyCard({ state, isWide }: { state: Verification; isWide: boolean }) {
  const { last, complete } = state;
  return (
    <Card
      title="Verified in Sentinel"
      isWide={isWide}
      end={<Link href={formatHash('reports/verify')}>View in VERIFY</Link>}
    >
      {complete === null ? (
        <Text size="sm" c="dimmed">
          {state.date_started === null ? 'Verify has not completed a run yet' : 'Running...'}
        </Text>
      ) : (
        <Confirmed run={complete} />
      )}
      {last?.error != null && (
        <div>
          <Flag tone="bad">The last run failed</Flag> <TimeDistance value={last.date_ended} />{' '}
          <ErrorCode code={last.error.code} />
        </div>
      )}
    </Card>
  );
}

function Confirmed({ run }: { run: VerificationRun }) {
  const found = findingKinds.filter((kind) => countOf(run, kind) > 0);
  return (
    <>
      <Headline value={confirmedWords(run)}>
        {run.count_held > 0 && 'confirmed, '}
        <TimeDistance value={run.date_ended} />
        {run.count_recent > 0 && `. ${formatCount(run.count_recent)} too recent to compare`}
        {run.count_unread > 0 && (
          <>
            . <Flag>{formatCount(run.count_unread)} cannot be read</Flag>
          </>
        )}
      </Headline>
      {found.length > 0 ? (
        <CountTable
          label="Findings by kind"
          heading="Finding"
          counts="Objects"
          empty=""
          lines={found.map((kind) => ({
            key: kind,
            name: <KindLink kind={kind} />,
            count: countOf(run, kind),
          }))}
        />
      ) : (
        <Text size="sm" c="dimmed">
          No findings
        </Text>
      )}
    </>
  );
}

function KindLink({ kind }: { kind: FindingKind }) {
  return <Link href={formatHash('reports/verify', { kind })}>{kindName(kind)}</Link>;
}

function MatchCard({ summary, isWide }: { summary: MatchSummary; isWide: boolean }) {
  const { days, count_indicators: count, run } = summary;
  return (
    <Card
      title={`Matches in the last ${days} days`}
      isWide={isWide}
      end={<Link href={formatHash('reports/matches', { range: `${days}d` })}>View in MATCHES</Link>}
    >
      {count > 0 ? (
        <Matched summary={summary} />
      ) : (
        <Text size="sm" c="dimmed">
          {noneWords(summary)}
        </Text>
      )}
      {run.error !== null && (
        <div>
          <Flag tone="bad">The last run failed</Flag> <ErrorCode code={run.error.code} />
        </div>
      )}
    </Card>
  );
}

function noneWords({ run }: MatchSummary): string {
  switch (matchStage(run)) {
    case 'no-table':
      return 'This workspace has no alerts yet';
    case 'none-seen':
      return 'No alert was seen so far';
    case 'done':
      return 'No alert is about an Indicator that was sent';
    default:
      return run.date_completed === null
        ? 'Match has not completed a run yet'
        : 'No alert is about an Indicator that was sent';
  }
}

function Matched({ summary }: { summary: MatchSummary }) {
  const { count_indicators: count, count_exact: exact, count_alerts: alerts, days } = summary;
  return (
    <>
      <Headline value={counted(count, 'Indicator')}>
        in {counted(alerts, 'alert')}; {formatCount(exact)} matched, {formatCount(count - exact)}{' '}
        only seen
      </Headline>
      <div className={classes.columns}>
        <CountTable
          label="Matched Indicators by TQL query"
          heading="TQL query"
          counts="Indicators"
          empty=""
          lines={summary.by_query.map(({ query_id: id, query, count: each }) => ({
            key: id,
            name:
              query?.position == null ? (
                'Deleted query'
              ) : (
                <Link href={formatHash('reports/matches', { query_id: id, range: `${days}d` })}>
                  <ReportedQueryName query={query} />
                </Link>
              ),
            count: each,
          }))}
        />
        <CountTable
          label="Matched Indicators by owner"
          heading="Owner"
          counts="Indicators"
          empty=""
          lines={summary.by_owner.map(({ owner, count: each }) => ({
            key: owner,
            name: (
              <Link href={formatHash('reports/matches', { owner, range: `${days}d` })}>
                <Words>{owner}</Words>
              </Link>
            ),
            count: each,
          }))}
        />
      </div>
    </>
  );
}

function Headline({ value, children }: { value: string; children: ReactNode }) {
  return (
    <div>
      <div className={classes.value}>{value}</div>
      <div className={classes.words}>{children}</div>
    </div>
  );
}
