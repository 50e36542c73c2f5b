/** The status in an icon and words, what stands beside it, and three bars while the Job runs. */
import type { Job } from '../../api/model';
import { AskedWait } from '../../components/AskedWait';
import { PauseText } from '../../components/PauseText';
import { StatusBadge } from '../../components/StatusBadge';
import { TroubleText } from '../../components/TroubleText';
import { formatCount } from '../../lib/number';
import { formatHash } from '../../lib/route';
import { limitWords } from '../../lib/timeLeft';
import { isRunning, jobTone, lossCount, statusFace } from '../../lib/status';
import { JobActions, type OnJobAction } from './JobActions';
import { JobBars } from './JobBars';

interface JobStatusCellProps {
  job: Job;
  onAction: OnJobAction;
}

export function JobStatusCell({ job, onAction }: JobStatusCellProps) {
  return (
    <div className="app-status-cell">
      <JobStatusLine job={job} />
      {isRunning(job) && <JobBars job={job} />}
      <JobActions job={job} onAction={onAction} />
    </div>
  );
}

export function JobStatusLine({ job }: { job: Job }) {
  const tone = jobTone(job);
  const losses = lossCount(job);
  const isFlagged = tone === 'warning';
  return (
    <div className="app-status-line">
      <StatusBadge tone={tone} icon={isFlagged ? 'warning' : statusFace(job.status).icon}>
        {job.status}
      </StatusBadge>
      {losses > 0 && (
        <a
          className="app-flag"
          data-tone={job.count_failed > 0 ? 'bad' : 'warning'}
          href={formatHash('reports/errors', { request_id: job.request_id })}
        >
          {lossWords(job)}
        </a>
      )}
      {losses === 0 && job.warnings.length > 0 && (
        <span className="app-flag">
          {job.warnings.length === 1 ? '1 warning' : `${job.warnings.length} warnings`}
        </span>
      )}
      {job.pause !== null && <PauseText {...job.pause} />}
      {job.trouble !== null && <TroubleText trouble={job.trouble} />}
      {job.asked_wait !== null && <AskedWait wait={job.asked_wait} of={job.request_id} />}
      {job.asked_wait === null && job.waiting_seconds !== null && (
        <span className="app-flag-quiet">{limitWords(job.waiting_seconds, job.time_left)}</span>
      )}
    </div>
  );
}

/** `12 refused, 3 invalid`. */
function lossWords(job: Job): string {
  return (
    [
      [job.count_refused, 'refused'],
      [job.count_invalid, 'invalid'],
      [job.count_failed, 'failed'],
    ] as const
  )
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${formatCount(count)} ${word}`)
    .join(', ');
}
