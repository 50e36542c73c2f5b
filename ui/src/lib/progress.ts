/** How far a running Job is: what was read, converted and sent. */
import type { Job } from '../api/model';

export type StageName = 'Read' | 'Converted' | 'Sent';

export interface StageProgress {
  name: StageName;
  /** The numbers beside the bar: `1,200 / 5,000`. */
  done: number;
  /** `null` while nobody can know it. */
  total: number | null;
  isActive: boolean;
  isComplete: boolean;
  /** When it began; `null` before that. */
  startedAt: string | null;
}

/** Whether a Job waits: for the limit, for a system that does not answer, or because of a pause. */
export function isHeldUp(job: Job): boolean {
  return (
    job.waiting_seconds !== null ||
    job.asked_wait !== null ||
    job.pause !== null ||
    job.trouble !== null
  );
}

/** The three bars of a Job. The stages overlap: pages are converted and sent while others are read. */
export function jobProgress(job: Job): StageProgress[] {
  const isRead = job.date_download_complete !== null;
  const isConverted = job.date_convert_complete !== null;
  const isSent = job.date_upload_complete !== null;

  // ThreatConnect's announcement is from before the reading; rows added since then count as well.
  const expected =
    job.count_expected === null ? null : Math.max(job.count_expected, job.count_read);
  const notSent =
    job.count_refused +
    job.count_withdrawn +
    job.count_unchanged +
    job.count_duplicate +
    job.count_withheld +
    job.count_expired +
    job.count_unsupported +
    job.count_invalid;
  return [
    {
      name: 'Read',
      done: job.count_read,
      total: isRead ? job.count_read : expected,
      isActive: job.status === 'Download In Progress',
      isComplete: isRead,
      startedAt: job.date_download_start,
    },
    {
      name: 'Converted',
      done: isConverted ? job.count_read : job.count_converted,
      total: isRead ? job.count_read : expected,
      isActive: !isConverted && job.date_convert_start !== null,
      isComplete: isConverted,
      startedAt: job.date_convert_start,
    },
    {
      name: 'Sent',
      // The number that the counts and the chart call sent as well.
      done: job.count_sent,
      total: isConverted ? Math.max(job.count_sent, job.count_read - notSent) : null,
      isActive: !isSent && job.date_upload_start !== null,
      isComplete: isSent,
      startedAt: job.date_upload_start,
    },
  ];
}

/** Share of a stage between 0 and 1; `null` while the total is unknown. */
export function shareOf(stage: StageProgress): number | null {
  if (stage.isComplete) return 1;
  if (stage.total === null) return stage.isActive ? null : 0;
  return stage.total === 0 ? 0 : Math.min(1, stage.done / stage.total);
}
