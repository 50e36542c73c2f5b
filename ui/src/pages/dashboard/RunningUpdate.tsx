/** The update that runs, how far it has come, and what holds it up. */
import { Text } from '@mantine/core';

import type { MetricSummary, UpdateFigures } from '../../api/model';
import { Bar } from '../../components/Bar';
import { Link } from '../../components/Link';
import { PauseText } from '../../components/PauseText';
import { TimeDistance } from '../../components/TimeText';
import { TroubleText } from '../../components/TroubleText';
import { settledOf, stagePauses } from '../../lib/backlog';
import { capitalized, counted, formatCount } from '../../lib/number';
import { onlyWithdraws, updateName } from '../../lib/scope';
import { limitWords, spanLeft } from '../../lib/timeLeft';
import classes from './RunningUpdate.module.css';
import { jobsOf } from './Tiles';

interface RunningUpdateProps {
  summary: MetricSummary;
  update: UpdateFigures;
}

export function RunningUpdate({ summary, update }: RunningUpdateProps) {
  const { figures, expected, time_left: left } = update;
  const { waiting_seconds: waiting, asked_wait: asked } = summary.limit;
  const pauses = stagePauses(summary);
  const settled = settledOf(update);
  const total = expected === null ? null : Math.max(expected, figures.read);
  const share = total === null ? null : total === 0 ? 1 : Math.min(1, settled / total);
  return (
    <section className={classes.frame} aria-label="Running update">
      <div className={classes.words}>
        <Text fw={600} size="sm">
          {updateName(update)}
          {update.scope === 'whole' ? ' ' : ', '}
          {pauses.length > 0 ? 'paused' : 'running'}
        </Text>
        <Text size="sm" c="dimmed">
          {capitalized(update.job_type)}, {counted(figures.jobs, 'Job')}
          {update.date_started !== null && (
            <>
              , started <TimeDistance value={update.date_started} />
            </>
          )}
        </Text>
        <Link className={classes.link} href={jobsOf(update)}>
          View in JOBS
        </Link>
      </div>
      <Bar label="Indicators processed" share={share} />
      <Text size="sm" c="dimmed">
        {formatCount(settled)}
        {total !== null && ` of ${formatCount(total)}`} done:{' '}
        {onlyWithdraws(update.scope)
          ? `${formatCount(figures.withdrawn)} withdrawn`
          : `${formatCount(figures.sent)} sent`}
        , {formatCount(figures.refused)} refused
        {waiting === null && left !== null && `, ${spanLeft(left)} left`}
        {asked === null && waiting !== null && `. ${limitWords(waiting, left)}`}
      </Text>
      {pauses.map((pause) => (
        <PauseText key={pause.task} {...pause} />
      ))}
      {summary.troubles.map((trouble) => (
        <TroubleText key={trouble.system} trouble={trouble} />
      ))}
    </section>
  );
}
