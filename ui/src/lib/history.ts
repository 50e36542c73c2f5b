/** What a period of the chart comes to, in words. */
import { counted, formatCount } from './number';

/** `20,363 sent, 2 refused, 3 Jobs completed`; while an update runs, `2,462 sent so far`. */
export function historyWords(
  sent: number,
  refused: number,
  jobs: number,
  isRunning: boolean,
): string {
  if (sent + refused + jobs === 0) return 'No activity in this period';
  return [
    `${formatCount(sent)} sent${isRunning ? ' so far' : ''}`,
    (refused > 0 || jobs > 0) && `${formatCount(refused)} refused`,
    jobs > 0 && `${counted(jobs, 'Job')} completed`,
  ]
    .filter(Boolean)
    .join(', ');
}
