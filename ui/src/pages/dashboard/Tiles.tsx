/** The figures that are looked at first. */
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';

import type { Figures, MetricSummary, UpdateFigures } from '../../api/model';
import { AskedWait } from '../../components/AskedWait';
import { Icon } from '../../components/Icon';
import { TimeDistance, TimeText } from '../../components/TimeText';
import { isBusy, secondsLeft, settledOf } from '../../lib/backlog';
import { healthFace } from '../../lib/health';
import { counted, formatCount } from '../../lib/number';
import { formatHash } from '../../lib/route';
import { formatSpan, secondsBetween } from '../../lib/time';
import { RefusedTile } from './RefusedTile';

interface TilesProps {
  summary: MetricSummary;
  nowMs: number;
}

export function Tiles({ summary, nowMs }: TilesProps) {
  return (
    <div className="app-tiles">
      <Tile name="In Sentinel" value={formatCount(summary.objects_live)}>
        {summary.objects_live === 1 ? 'object, valid now' : 'objects, valid now'}. A File has one
        for each of its hashes.
      </Tile>
      <BacklogTile summary={summary} nowMs={nowMs} />
      <LimitTile summary={summary} />
      <LastTile summary={summary} />
      <RefusedTile summary={summary} />
      <NextTile summary={summary} />
      <HealthTile status={summary.health.status} />
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
    <div className="app-tile" role="group" aria-label={name}>
      <div className="app-tile-name">{name}</div>
      <div className="app-tile-value">{value}</div>
      <div className="app-tile-words">{children}</div>
    </div>
  );
}

function BacklogTile({ summary, nowMs }: TilesProps) {
  const { backlog, running } = summary;
  if (!isBusy(summary)) {
    return (
      <Tile name="Backlog" value="None">
        Nothing waits to be sent.
      </Tile>
    );
  }
  const left = secondsLeft(summary, nowMs);
  const parts = [
    backlog.indicators > 0 && `${counted(backlog.indicators, 'Indicator')} to be converted`,
    backlog.objects > 0 && `${counted(backlog.objects, 'object')} ready to be sent`,
    backlog.updates > 0 && `${counted(backlog.updates, 'update')} queued`,
    running !== null && backlog.indicators + backlog.objects === 0 && 'An update is being read',
  ].filter(Boolean);
  return (
    <Tile
      name="Backlog"
      value={left === null ? 'Not known yet' : `About ${formatSpan(Math.max(1, left))}`}
    >
      {parts.join(', ')}.
      {left !== null && (
        <>
          {' '}
          Done <TimeDistance value={new Date(nowMs + left * 1000).toISOString()} />.
        </>
      )}
    </Tile>
  );
}

function LimitTile({ summary }: { summary: MetricSummary }) {
  const { requests_per_minute: limit, used, waiting_seconds: waiting } = summary.limit;
  const asked = summary.limit.asked_wait;
  const share = Math.min(1, used / Math.max(1, limit));
  return (
    <Tile
      name="API limit"
      value={
        <>
          {formatCount(used)} <span className="app-tile-of">of {formatCount(limit)}</span>
        </>
      }
    >
      <div
        className="app-bar-track"
        role="progressbar"
        aria-label="Use of the API limit"
        aria-valuemin={0}
        aria-valuemax={limit}
        aria-valuenow={Math.min(used, limit)}
        aria-valuetext={`${formatCount(used)} of ${formatCount(limit)} requests in a minute`}
      >
        <div className="app-bar-fill" style={{ transform: `scaleX(${share})` }} />
      </div>
      requests in the last minute
      {asked === null && waiting !== null && `; the next one waits ${Math.ceil(waiting)} s`}
      {asked !== null && <AskedWait wait={asked} />}
    </Tile>
  );
}

function LastTile({ summary }: { summary: MetricSummary }) {
  const last = summary.last_update;
  if (last === null) {
    return (
      <Tile name="Last update" value="None yet">
        No update has ended.
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
      value={last.date_ended === null ? 'Ended' : <TimeDistance value={last.date_ended} />}
    >
      <UpdateName update={last} />
      {took !== null && `, took ${formatSpan(Math.max(1, took))}`}: {formatCount(figures.read)}{' '}
      read, {formatCount(figures.sent)} sent
      {losses !== '' && (
        <>
          ,{' '}
          <a className="app-flag" href={formatHash('reports/errors')}>
            {losses}
          </a>
        </>
      )}
      {figures.jobs_failed > 0 && (
        <>
          .{' '}
          <a className="app-flag" data-tone="bad" href={formatHash('jobs', { status: 'failed' })}>
            {counted(figures.jobs_failed, 'Job')} failed
          </a>
        </>
      )}
      .
    </Tile>
  );
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
    <a className="app-link" href={formatHash('jobs', { mode: update.mode })}>
      {update.job_type}, {update.mode}
    </a>
  );
}

function NextTile({ summary }: { summary: MetricSummary }) {
  const { next_update: next } = summary;
  if (next === null) {
    return (
      <Tile name="Next update" value="None planned">
        Updates begin with the first saved TQL query.
      </Tile>
    );
  }
  return (
    <Tile name="Next update" value={<TimeDistance value={next.at} />}>
      {next.mode}, <TimeText value={next.at} />
    </Tile>
  );
}

function HealthTile({ status }: { status: MetricSummary['health']['status'] }) {
  const face = healthFace(status);
  return (
    <Tile
      name="Health"
      value={
        <span className="app-tile-health" data-tone={face.tone}>
          <Icon name={face.icon} size={20} /> {face.label}
        </span>
      }
    >
      {status === 'healthy' ? 'No open problems' : 'See Health below'}
    </Tile>
  );
}

/** The update that runs, and how far it has come. */
export function RunningUpdate({ update, left }: { update: UpdateFigures; left: number | null }) {
  const { figures, expected } = update;
  const settled = settledOf(update);
  const total = expected === null ? null : Math.max(expected, figures.read);
  const share = total === null ? null : total === 0 ? 1 : Math.min(1, settled / total);
  return (
    <section className="app-running" aria-label="The update that runs">
      <div className="app-running-words">
        <Text fw={600} size="sm">
          {update.mode} update under way
        </Text>
        <Text size="sm" c="dimmed">
          {update.job_type}, {counted(figures.jobs, 'Job')}
          {update.date_started !== null && (
            <>
              , started <TimeDistance value={update.date_started} />
            </>
          )}
        </Text>
        <a className="app-link app-push-end" href={formatHash('jobs')}>
          See it in JOBS
        </a>
      </div>
      <div
        className="app-bar-track"
        role="progressbar"
        aria-label="Indicators with their outcome"
        aria-valuemin={0}
        aria-valuemax={100}
        {...(share === null ? {} : { 'aria-valuenow': Math.floor(share * 100) })}
      >
        <div
          className="app-bar-fill"
          data-unknown={share === null || undefined}
          style={share === null ? undefined : { transform: `scaleX(${share})` }}
        />
      </div>
      <Text size="sm" c="dimmed" className="app-number">
        {formatCount(settled)}
        {total !== null && ` of ${formatCount(total)}`} done: {formatCount(figures.sent)} sent,{' '}
        {formatCount(figures.refused)} refused
        {left !== null && left > 0 && `, about ${formatSpan(Math.max(1, left))} left`}
      </Text>
    </section>
  );
}
