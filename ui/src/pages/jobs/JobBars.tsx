/** Three bars: read, converted, sent. */
import type { Job } from '../../api/model';
import { sightingsOf } from '../../api/speed';
import { formatCount } from '../../lib/number';
import { jobProgress, shareOf, type StageProgress } from '../../lib/progress';
import { speedWords } from '../../lib/speed';

interface JobBarsProps {
  job: Job;
  /** With the speed of every stage, and not of the last one alone. */
  isWhole?: boolean;
}

export function JobBars({ job, isWhole = false }: JobBarsProps) {
  const stages = jobProgress(job);
  const known = sightingsOf(job);
  const last = stages.findLast((stage) => stage.isActive);
  return (
    <div className="app-bars">
      {stages.map((stage) => (
        <Bar
          key={stage.name}
          stage={stage}
          speed={isWhole || stage === last ? speedWords(stage, known, job.waiting_seconds) : ''}
        />
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
