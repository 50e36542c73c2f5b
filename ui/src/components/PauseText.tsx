/** A paused Task, where somebody waits for it: by whom, since when, until when, and why. */
import type { Pause } from '../api/model';
import { Flag } from './Flag';
import classes from './PauseText.module.css';
import { TimeDistance } from './TimeText';

type PauseTextProps = Omit<Pause, 'task' | 'name'> & {
  /** The Task; empty where the place says which one. */
  name: string;
};

export function PauseText({ name, by, since, until, reason }: PauseTextProps) {
  return (
    <Flag>
      {name === '' ? 'Paused' : `${name} paused`} by <bdi>{by ?? 'an unknown user'}</bdi>
      {since !== null && (
        <>
          , <TimeDistance value={since} />
        </>
      )}
      {until !== null && (
        <>
          ; resumes <TimeDistance value={until} />
        </>
      )}
      {reason !== null && (
        <>
          : <bdi className={classes.reason}>{reason}</bdi>
        </>
      )}
    </Flag>
  );
}
