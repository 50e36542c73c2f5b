/** The zone of a screen's times, as UTC or by the name of the place, and what stands beside it. */
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';

import { zoneName } from '../lib/time';
import { useNow } from '../shell/clock';
import { useZone } from '../shell/zone';
import classes from './TimesIn.module.css';

export function TimesIn({ children }: { children?: ReactNode }) {
  return (
    <Text size="xs" c="dimmed" className={classes.times}>
      <span>Times in {zoneName(useZone(), new Date(useNow()))}</span> {children}
    </Text>
  );
}
