/** The figures that are looked at first. */
import type { ReactNode } from 'react';

import type { Figures, MetricSummary, UpdateFigures } from '../../api/model';
import { AskedWait } from '../../components/AskedWait';
import { Bar } from '../../components/Bar';
import { FlagLink } from '../../components/Flag';
import { Icon } from '../../components/Icon';
import { Link } from '../../components/Link';
import { TimeDistance, TimeText } from '../../components/TimeText';
import { PauseText } from '../../components/PauseText';
import { isBusy, stagePauses } from '../../lib/backlog';
import { healthFace } from '../../lib/health';
import { isDue } from '../../lib/nextUpdate';
import { capitalized, counted, formatCount } from '../../lib/number';
import { formatHash } from '../../lib/route';
import { onlyWithdraws, updateName } from '../../lib/scope';
import { formatSpan, secondsBetween } from '../../lib/time';
import { limitWords, spanLeft } from '../../lib/timeLeft';
import { RefusedTile } from './RefusedTile';
import classes from './Tiles.module.css';

interface TilesProps {
  summary: MetricSummary;
  nowMs: number;
}

export function Tiles({ summary, nowMs }: TilesProps) {
  return (
    <div className={classes.tiles}>
      <Tile name="In Sentinel" value={formatCount(summary.objects_live)}>
        active STIX {summary.objects_live === 1 ? 'object' : 'objects'} (one per hash for Files)
      </Tile>
      <BacklogTile summary={summary} nowMs={nowMs} />
      <LimitTile summary={summary} />
      <HealthTile status={summary.health.status} />
      <LastTile summary={summary} />
      <RefusedTile summary={summary} />
      <NextTile summary={summary} nowMs={nowMs} />
    </div>
  );
}

interface TileProps {
  name: string;
  value: ReactNode;
  children?: ReactNode;
}

export function Tile({ name, value, children }: TileProps) {
  return (
    <div className={classes.tile} role="group" aria-label={name}>
      <div className={classes.name}>{name}</div>
      <div className={classes.value}>{value}</div>
      <div className={classes.words}>{children}</div>
    </div>
  );
}

function BacklogTile({ summary, nowMs }: TilesProps) {
  const { backlog, running } = summary;
  if (!isBusy(summary)) {
    return (
      <Tile name="Backlog" value="None">
        Nothing to send
      </Tile>
    );
  }
  const left = running?.time_left ?? null;
  const isRead = backlog.indicators + backlog.objects > 0;
  const parts = [
    backlog.objects > 0 && `${counted(backlog.objects, 'object')} ready to send`,
    backlog.indicators > 0 && `${counted(backlog.indicators, 'Indicator')} to convert`,
    backlog.updates > 0 && `${counted(backlog.updates, 'update')} queued`,
    running !== null && !isRead && backlogWords(summary),
  ].filter(Boolean);
  return (
    <Tile name="Backlog" value={left === null ? headline(summary) : capitalized(spanLeft(left))}>
      {parts.join(', ')}
      {left !== null && !left.is_least && (
        <>
          . Done <TimeDistance value={new Date(nowMs + left.seconds * 1000).toISOString()} />
        </>
      )}
    </Tile>
  );
}

/** Why nobody can say how long it takes. */
function headline(summary: MetricSummary): string {
  if (stagePauses(summary).length > 0) return 'Paused';
  if (summary.troubles.length > 0) return 'Waiting';
  return summary.running === null ? 'Queued' : 'Calculating...';
}

function backlogWords(summary: MetricSummary): string {
  const isHeldUp = stagePauses(summary).length > 0 || summary.troubles.length > 0;
  if (isHeldUp) return 'An update is waiting';
  // What is withdrawn by hand is known without ThreatConnect.
  const isRead = summary.running === null || !onlyWithdraws(summary.running.scope);
  return isRead ? 'Reading from ThreatConnect' : 'Preparing the withdrawal';
}

function LimitTile({ summary }: { summary: MetricSummary }) {
  const { requests_per_minute: limit, used, waiting_seconds: waiting } = summary.limit;
  const { used_by_checks: checks, asked_wait: asked } = summary.limit;
  const share = Math.min(1, used / Math.max(1, limit));
  return (
    <Tile
      name="API limit"
      value={
        <>
          {formatCount(used)} <span className={classes.limit}>of {formatCount(limit)}</span>
        </>
      }
    >
      <Bar
        label="Use of the API limit"
        share={share}
        value={{ now: Math.min(used, limit), max: limit }}
        words={`${formatCount(used)} of ${formatCount(limit)} requests in a minute`}
        className={classes.bar}
      />
      uploads in the last minute{checks > 0 && `, and ${counted(checks, 'connection check')}`}
      {asked === null && waiting !== null && <>. {limitWords(waiting, null)}</>}
      {asked !== null && <AskedWait wait={asked} />}
    </Tile>
  );
}

function LastTile({ summary }: { summary: MetricSummary }) {
  const last = summary.last_update;
  if (last === null) {
    return (
      <Tile name="Last update" value="Never">
        No update has finished yet
      </Tile>
    );
  }
  const { figures } = last;
  const losses = lossWords(figures);
  const ended = last.date_ended === null ? NaN : new Date(last.date_ended).getTime();
  const took = Number.isNaN(ended) ? null : secondsBetween(last.date_started, ended);
  return (
    <Tile
      name="Last update"
      value={last.date_ended === null ? 'Finished' : <TimeDistance value={last.date_ended} />}
    >
      <UpdateName update={last} />
      {took !== null && ` in ${formatSpan(Math.max(1, took))}`}
      {onlyWithdraws(last.scope)
        ? `: ${formatCount(figures.withdrawn)} withdrawn`
        : `: ${formatCount(figures.read)} read, ${formatCount(figures.sent)} sent`}
      {losses !== '' && (
        <>
          , <FlagLink href={jobsOf(last)}>{losses}</FlagLink>
        </>
      )}
      {figures.jobs_failed > 0 && (
        <>
          .{' '}
          <FlagLink tone="bad" href={jobsOf(last)}>
            {counted(figures.jobs_failed, 'Job')} failed
          </FlagLink>
        </>
      )}
    </Tile>
  );
}

/** The Jobs of one update. */
export function jobsOf(update: UpdateFigures): string {
  return formatHash('jobs', { update_id: update.update_id });
}

/** `12 refused, 3 invalid`; empty where there is none. */
function lossWords(figures: Figures): string {
  return (['refused', 'invalid', 'failed'] as const)
    .filter((name) => figures[name] > 0)
    .map((name) => `${formatCount(figures[name])} ${name}`)
    .join(', ');
}

function UpdateName({ update }: { update: UpdateFigures }) {
  return (
    <Link href={jobsOf(update)}>
      {update.scope === 'whole'
        ? `${capitalized(update.job_type)} ${update.mode} update`
        : updateName(update)}
    </Link>
  );
}

function NextTile({ summary, nowMs }: TilesProps) {
  const { next_update: next } = summary;
  const pause = summary.pauses.find((each) => each.task === 'schedule-updates');
  if (next === null) {
    return (
      <Tile name="Next update" value="Not scheduled">
        Updates start with the first enabled query
      </Tile>
    );
  }
  if (pause !== undefined) {
    return (
      <Tile name="Next update" value="Paused">
        <PauseText {...pause} reason={null} />
      </Tile>
    );
  }
  if (isDue(summary, nowMs)) {
    return (
      <Tile name="Next update" value="Due now">
        {capitalized(next.mode)} update, since <TimeText value={next.at} />
      </Tile>
    );
  }
  return (
    <Tile name="Next update" value={<TimeDistance value={next.at} />}>
      {capitalized(next.mode)} update, <TimeText value={next.at} />
    </Tile>
  );
}

function HealthTile({ status }: { status: MetricSummary['health']['status'] }) {
  const face = healthFace(status);
  return (
    <Tile
      name="Health"
      value={
        <span className={classes.health} data-tone={face.tone}>
          <Icon name={face.icon} size={20} /> {face.label}
        </span>
      }
    >
      {status === 'healthy' ? 'No open problems' : 'See Health below'}
    </Tile>
  );
}
