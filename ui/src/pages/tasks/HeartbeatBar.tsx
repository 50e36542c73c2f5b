/** How much of its time-out a Task has used since its last heartbeat. */
import { Bar } from '../../components/Bar';
import { TimeText } from '../../components/TimeText';
import { formatCount } from '../../lib/number';
import type { Tone } from '../../lib/status';
import { formatSpan } from '../../lib/time';
import classes from './HeartbeatBar.module.css';

interface HeartbeatBarProps {
  /** Between 0 and 1. */
  share: number;
  ageS: number;
  at: string | null;
  timeoutMinutes: number;
  tone: Tone;
}

export function HeartbeatBar({ share, ageS, at, timeoutMinutes, tone }: HeartbeatBarProps) {
  const age = ageS < 2 ? 'just now' : `${formatSpan(ageS)} ago`;
  return (
    <div>
      <div className={classes.words}>
        <span>
          Last heartbeat <TimeText value={at} />
        </span>
        <span>{age}</span>
      </div>
      <Bar
        label="Share of the timeout used since the last heartbeat"
        share={Math.max(0.005, share)}
        words={`${formatSpan(ageS)} of ${formatCount(timeoutMinutes)} min`}
        tone={tone}
      />
    </div>
  );
}
