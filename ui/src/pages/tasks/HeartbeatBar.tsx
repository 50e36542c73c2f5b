/** How much of its time-out a Task has used since its last heartbeat. */
import { TimeText } from '../../components/TimeText';
import { formatCount } from '../../lib/number';
import type { Tone } from '../../lib/status';
import { formatSpan } from '../../lib/time';

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
    <div className="app-heartbeat">
      <div className="app-heartbeat-words">
        <span>
          Last heartbeat <TimeText value={at} />
        </span>
        <span>{age}</span>
      </div>
      <div
        className="app-bar-track"
        role="progressbar"
        aria-label="Share of the timeout used since the last heartbeat"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor(share * 100)}
        aria-valuetext={`${formatSpan(ageS)} of ${formatCount(timeoutMinutes)} min`}
      >
        <div
          className="app-bar-fill"
          data-tone={tone}
          style={{ transform: `scaleX(${Math.max(0.005, share)})` }}
        />
      </div>
    </div>
  );
}
