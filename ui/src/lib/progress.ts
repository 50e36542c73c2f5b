/** How far a running Job is: what was read, converted and sent. */
import type { Job } from '../api/model';

export interface StageProgress {
  name: 'Read' | 'Converted' | 'Sent';
  /** The numbers beside the bar: `1,200 / 5,000`. */
  done: number;
  /** `null` while nobody can know it. */
  total: number | null;
  isActive: boolean;
  isComplete: boolean;
}

/** The three bars of a Job. */
export function jobProgress(job: Job): StageProgress[] {
  const isRead = job.date_download_complete !== null;
  const isConverted = job.date_convert_complete !== null;

  // ThreatConnect's announcement is from before the reading; rows added since then count as well.
  const expected =
    job.count_expected === null ? null : Math.max(job.count_expected, job.count_read);
  const heldBack =
    job.count_unchanged +
    job.count_duplicate +
    job.count_withheld +
    job.count_expired +
    job.count_unsupported +
    job.count_invalid;
  const answered = job.count_sent + job.count_refused + job.count_withdrawn;

  return [
    {
      name: 'Read',
      done: job.count_read,
      total: isRead ? job.count_read : expected,
      isActive: job.status === 'Download In Progress',
      isComplete: isRead,
    },
    {
      name: 'Converted',
      done: isConverted ? job.count_read : 0,
      total: isConverted ? job.count_read : null,
      isActive: job.status === 'Convert In Progress',
      isComplete: isConverted,
    },
    {
      name: 'Sent',
      done: answered,
      total: isConverted ? Math.max(answered, job.count_read - heldBack) : null,
      isActive: job.status === 'Upload In Progress',
      isComplete: job.date_upload_complete !== null,
    },
  ];
}

/** Share of a stage between 0 and 1; `null` while the total is unknown. */
export function shareOf(stage: StageProgress): number | null {
  if (stage.isComplete) return 1;
  if (stage.total === null) return stage.isActive ? null : 0;
  return stage.total === 0 ? 0 : Math.min(1, stage.done / stage.total);
}
