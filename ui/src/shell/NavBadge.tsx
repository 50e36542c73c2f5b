/** Beside an entry of the navigation: how many open problems are solved there. */
import { VisuallyHidden } from '@mantine/core';

import type { Condition } from '../api/model';
import { badgeOf } from '../lib/health';
import classes from './NavBadge.module.css';

interface NavBadgeProps {
  conditions: readonly Condition[];
  /** The screen, by its path. */
  screen: string;
}

export function NavBadge({ conditions, screen }: NavBadgeProps) {
  const badge = badgeOf(conditions, screen);
  if (badge === null) return null;
  return (
    <>
      <span className={classes.badge} data-tone={badge.tone} aria-hidden="true">
        {badge.count}
      </span>
      <VisuallyHidden>{badge.words}</VisuallyHidden>
    </>
  );
}
