/** What a Job's status means to the eye: its color, its icon, and whether anything still happens. */
import type { Job, JobStatus } from '../api/model';

export type Tone = 'neutral' | 'active' | 'good' | 'warning' | 'bad';

export type StatusIcon =
  'question' | 'download' | 'change' | 'upload' | 'check' | 'alert' | 'cancel';

interface StatusFace {
  tone: Tone;
  icon: StatusIcon;
  isFinal: boolean;
}

const faces: Record<JobStatus, StatusFace> = {
  Pending: { tone: 'neutral', icon: 'question', isFinal: false },
  'Download In Progress': { tone: 'active', icon: 'download', isFinal: false },
  'Download Complete': { tone: 'neutral', icon: 'download', isFinal: false },
  'Convert In Progress': { tone: 'active', icon: 'change', isFinal: false },
  'Convert Complete': { tone: 'neutral', icon: 'change', isFinal: false },
  'Upload In Progress': { tone: 'active', icon: 'upload', isFinal: false },
  'Upload Complete': { tone: 'good', icon: 'check', isFinal: true },
  Failed: { tone: 'bad', icon: 'alert', isFinal: true },
  Cancelled: { tone: 'neutral', icon: 'cancel', isFinal: true },
};

export const jobStatuses = Object.keys(faces) as JobStatus[];

/** The status as it may stand in an address: `upload-complete`. */
export function statusSlug(status: JobStatus): string {
  return status.toLowerCase().replaceAll(' ', '-');
}

/** The statuses that an address names; unknown words are passed over. */
export function statusesOf(slugs: readonly string[]): JobStatus[] {
  return jobStatuses.filter((status) => slugs.includes(statusSlug(status)));
}

export function statusFace(status: JobStatus): StatusFace {
  return faces[status];
}

/** The color of a Job: one that finished with losses or warnings never looks like a clean one. */
export function jobTone(job: Job): Tone {
  const tone = faces[job.status].tone;
  return tone === 'good' && (lossCount(job) > 0 || job.warnings.length > 0) ? 'warning' : tone;
}

/** Indicators that were read but, through a fault, are not in Sentinel. */
export function lossCount(job: Job): number {
  return job.count_refused + job.count_invalid + job.count_failed;
}

/** Whether a Job has begun and not ended, so that its numbers move. */
export function isRunning(job: Job): boolean {
  return !faces[job.status].isFinal && job.status !== 'Pending';
}

/** Whether a Job is waiting or running. */
export function isOpen(job: Job): boolean {
  return !faces[job.status].isFinal;
}
