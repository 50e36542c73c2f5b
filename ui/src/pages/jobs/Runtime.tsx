/** How long a Job took, or takes so far. */
import type { Job } from '../../api/model';
import { NumberText } from '../../components/NumberText';
import { isRunning } from '../../lib/status';
import { formatRuntime, secondsBetween } from '../../lib/time';
import { useNow } from '../../shell/clock';

export function Runtime({ job }: { job: Job }) {
  if (isRunning(job) && job.date_started !== null) return <RunningTime since={job.date_started} />;
  return job.total_runtime === null ? null : (
    <NumberText>{formatRuntime(job.total_runtime)}</NumberText>
  );
}

function RunningTime({ since }: { since: string }) {
  const now = useNow();
  return <NumberText>{formatRuntime(secondsBetween(since, now) ?? 0)}</NumberText>;
}
