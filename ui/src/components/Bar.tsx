/** A bar that fills. Without a label it only repeats the number beside it. */
import { classNames } from '../lib/classNames';
import type { Tone } from '../lib/status';
import classes from './Bar.module.css';

interface BarProps {
  /** Between 0 and 1; `null` where nobody knows how much there will be. */
  share: number | null;
  /** What is measured, for those who cannot see it. */
  label?: string;
  /** How far it has come, in words. */
  words?: string;
  /** In place of percent. */
  value?: { now: number; max: number };
  /** Warns where it is full. */
  tone?: Tone;
  isComplete?: boolean;
  className?: string | undefined;
}

export function Bar({ share, label, words, value, tone, isComplete, className }: BarProps) {
  const percent = share === null ? undefined : Math.floor(share * 100);
  return (
    <div
      className={classNames(classes.track, className)}
      {...(label === undefined
        ? { 'aria-hidden': true }
        : {
            role: 'progressbar',
            'aria-label': label,
            'aria-valuemin': 0,
            'aria-valuemax': value?.max ?? 100,
            'aria-valuenow': value?.now ?? percent,
            'aria-valuetext': words,
          })}
    >
      <div
        className={classes.fill}
        data-unknown={share === null || undefined}
        data-complete={isComplete === true || undefined}
        data-tone={tone}
        style={share === null ? undefined : { transform: `scaleX(${share})` }}
      />
    </div>
  );
}
