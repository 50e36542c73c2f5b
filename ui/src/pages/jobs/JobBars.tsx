/** Three bars: read, converted, sent. */
import type { Job } from '../../api/model';
import { sightingsOf } from '../../api/speed';
import { Bar } from '../../components/Bar';
import { formatCount } from '../../lib/number';
import { isHeldUp, jobProgress, shareOf, type StageProgress } from '../../lib/progress';
import { rateText } from '../../lib/speed';
import { spanLeft } from '../../lib/timeLeft';
import classes from './JobBars.module.css';

interface JobBarsProps {
  job: Job;
  /** With the rate of every stage, and not of the last one alone. */
  isWhole?: boolean;
}

export function JobBars({ job, isWhole = false }: JobBarsProps) {
  const stages = jobProgress(job);
  const known = sightingsOf(job);
  const last = stages.findLast((stage) => stage.isActive);
  // While the Job waits, the time that is left stands beside its status.
  const isWaiting = isHeldUp(job);
  const left = job.time_left === null || isWaiting ? '' : `${spanLeft(job.time_left)} left`;
  const speedOf = (stage: StageProgress) =>
    [isWhole || stage === last ? rateText(stage, known, isWaiting) : '', stage === last ? left : '']
      .filter(Boolean)
      .join(', ');
  return (
    <div className={classes.bars}>
      {stages.map((stage) => (
        <StageBar key={stage.name} stage={stage} speed={speedOf(stage)} />
      ))}
    </div>
  );
}

function wordsOf(stage: StageProgress): string {
  if (stage.total === null) {
    if (!stage.isActive) return '';
    return stage.done > 0 ? formatCount(stage.done) : '...';
  }
  return stage.isComplete && stage.done === stage.total
    ? formatCount(stage.total)
    : `${formatCount(stage.done)} / ${formatCount(stage.total)}`;
}

function StageBar({ stage, speed }: { stage: StageProgress; speed: string }) {
  const share = shareOf(stage);
  const words = wordsOf(stage);
  return (
    <div className={classes.stage} data-active={stage.isActive || undefined}>
      <span className={classes.name}>{stage.name}</span>
      <Bar
        label={stage.name}
        share={share}
        words={words === '' ? 'Not begun' : words}
        isComplete={stage.isComplete}
      />
      <span className={classes.words}>{words}</span>
      {speed !== '' && <span className={classes.speed}>{speed}</span>}
    </div>
  );
}
