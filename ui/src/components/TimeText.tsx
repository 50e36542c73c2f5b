/** A moment in the chosen time zone; the tooltip has it in the other one. */
import { Tooltip } from '@mantine/core';

import { formatDistance, formatTime, formatTimeWithZone, type Zone } from '../lib/time';
import { useNow } from '../shell/clock';
import { useZone } from '../shell/zone';
import classes from './TimeText.module.css';

interface TimeTextProps {
  /** RFC 3339; nothing is shown without one. */
  value: string | null | undefined;
  /** Lets the date and the clock stand on two lines where there is little room. */
  isNarrow?: boolean;
}

export function TimeText({ value, isNarrow = false }: TimeTextProps) {
  const zone = useZone();
  if (!value) return null;
  const text = formatTime(value, zone);
  const space = text.indexOf(' ');
  return (
    <Tooltip label={formatTimeWithZone(value, otherThan(zone))}>
      <time dateTime={value} className={classes.time} data-narrow={isNarrow || undefined}>
        <span>{text.slice(0, space)}</span> <span>{text.slice(space + 1)}</span>
      </time>
    </Tooltip>
  );
}

function otherThan(zone: Zone): Zone {
  return zone === 'utc' ? 'local' : 'utc';
}

/** How far away a moment is: `in 5 min`. The tooltip has the moment itself, both ways. */
export function TimeDistance({ value }: { value: string }) {
  const now = useNow();
  const zone = useZone();
  const moment = formatTimeWithZone(value, zone);
  return (
    <Tooltip label={`${moment} (${formatTimeWithZone(value, otherThan(zone))})`}>
      <time dateTime={value} className={classes.time}>
        {formatDistance(value, now)}
      </time>
    </Tooltip>
  );
}
