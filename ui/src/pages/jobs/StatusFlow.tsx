/** Download, convert, upload and result as four icons, each with its own runtime. */
import { Tooltip } from '@mantine/core';

import type { Job } from '../../api/model';
import { Icon, type IconName } from '../../components/Icon';
import { isOpen, jobTone, statusFace, type Tone } from '../../lib/status';
import { formatRuntime } from '../../lib/time';
import classes from './StatusFlow.module.css';

interface Step {
  name: string;
  icon: IconName;
  tone: Tone | 'none';
  words: string;
}

const stages = [
  ['Download', 'download', 'download'],
  ['Convert', 'change', 'convert'],
  ['Upload', 'upload', 'upload'],
] as const;

function stepsOf(job: Job): Step[] {
  const steps = stages.map(([name, icon, key]): Step => {
    const runtime = job[`${key}_runtime`];
    if (runtime !== null) return { name, icon, tone: 'good', words: formatRuntime(runtime) };
    if (job[`date_${key}_start`] === null) return { name, icon, tone: 'none', words: 'not begun' };
    return isOpen(job)
      ? { name, icon, tone: 'active', words: 'under way' }
      : { name, icon, tone: 'bad', words: 'not ended' };
  });
  const result: Step = isOpen(job)
    ? { name: 'Result', icon: 'question', tone: 'none', words: 'not known yet' }
    : {
        name: 'Result',
        icon: jobTone(job) === 'warning' ? 'warning' : statusFace(job.status).icon,
        tone: jobTone(job),
        words: job.status,
      };
  return [...steps, result];
}

export function StatusFlow({ job }: { job: Job }) {
  return (
    <span className={classes.flow}>
      {stepsOf(job).map((step) => {
        const label = `${step.name}: ${step.words}`;
        return (
          <Tooltip key={step.name} label={label}>
            <span className={classes.step} data-tone={step.tone} role="img" aria-label={label}>
              <Icon name={step.icon} />
            </span>
          </Tooltip>
        );
      })}
    </span>
  );
}
