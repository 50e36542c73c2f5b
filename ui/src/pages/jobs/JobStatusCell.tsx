/** The status in an icon and words, what stands beside it, and three bars while the Job runs. */
import type { Job } from '../../api/model';
import { AskedWait } from '../../components/AskedWait';
import { Flag, FlagLink } from '../../components/Flag';
import { PauseText } from '../../components/PauseText';
import { StatusBadge } from '../../components/StatusBadge';
import { TroubleText } from '../../components/TroubleText';
import { formatCount } from '../../lib/number';
import { formatHash } from '../../lib/route';
import { limitWords } from '../../lib/timeLeft';
import { isRunning, jobTone, lossCount, statusFace } from '../../lib/status';
import { JobActions, type OnJobAction } from './JobActions';
import { JobBars } from './JobBars';
import classes from './JobStatusCell.module.css';

interface JobStatusCellProps {
  job: Job;
  onAction: OnJobAction;
}

export function JobStatusCell({ job, onAction }: JobStatusCellProps) {
  return (
    <div className={classes.cell}>
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
    <div className={classes.line}>
      <StatusBadge tone={tone} icon={isFlagged ? 'warning' : statusFace(job.status).icon}>
        {job.status}
      </StatusBadge>
      {losses > 0 && (
        <FlagLink
          tone={job.count_failed > 0 ? 'bad' : 'warning'}
          href={formatHash('reports/errors', { request_id: job.request_id })}
        >
          {lossWords(job)}
        </FlagLink>
      )}
      {losses === 0 && job.warnings.length > 0 && (
        <Flag>{job.warnings.length === 1 ? '1 warning' : `${job.warnings.length} warnings`}</Flag>
      )}
      {job.pause !== null && <PauseText {...job.pause} />}
      {job.trouble !== null && <TroubleText trouble={job.trouble} />}
      {job.asked_wait !== null && <AskedWait wait={job.asked_wait} of={job.request_id} />}
      {job.asked_wait === null && job.waiting_seconds !== null && (
        <span className={classes.limit}>{limitWords(job.waiting_seconds, job.time_left)}</span>
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
