/** Three bars: read, converted, sent. */
import type { Job } from '../../api/model';
import { sightingsOf } from '../../api/speed';
import { formatCount } from '../../lib/number';
import { isHeldUp, jobProgress, shareOf, type StageProgress } from '../../lib/progress';
import { rateText } from '../../lib/speed';
import { spanLeft } from '../../lib/timeLeft';

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
    <div className="app-bars">
      {stages.map((stage) => (
        <Bar key={stage.name} stage={stage} speed={speedOf(stage)} />
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

function Bar({ stage, speed }: { stage: StageProgress; speed: string }) {
  const share = shareOf(stage);
  const words = wordsOf(stage);
  return (
    <div className="app-bar" data-active={stage.isActive || undefined}>
      <span className="app-bar-name">{stage.name}</span>
      <div
        className="app-bar-track"
        role="progressbar"
        aria-label={stage.name}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(share === null ? {} : { 'aria-valuenow': Math.floor(share * 100) })}
        aria-valuetext={words === '' ? 'Not begun' : words}
      >
        <div
          className="app-bar-fill"
          data-unknown={share === null || undefined}
          data-complete={stage.isComplete || undefined}
          style={share === null ? undefined : { transform: `scaleX(${share})` }}
        />
      </div>
      <span className="app-bar-words">{words}</span>
      {speed !== '' && <span className="app-bar-speed">{speed}</span>}
    </div>
  );
}
