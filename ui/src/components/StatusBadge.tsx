/** An icon and words on a quiet ground; the color only repeats what they say. */
import type { ReactNode } from 'react';

import type { Tone } from '../lib/status';
import { Icon, type IconName } from './Icon';
import classes from './StatusBadge.module.css';

interface StatusBadgeProps {
  tone: Tone;
  icon: IconName;
  children: ReactNode;
}

export function StatusBadge({ tone, icon, children }: StatusBadgeProps) {
  return (
    <span className={classes.badge} data-tone={tone}>
      <Icon name={icon} size={14} />
      {children}
    </span>
  );
}
