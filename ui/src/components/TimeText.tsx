/** A moment in the reader's time zone; the UTC value is in the tooltip. */
import { Tooltip } from '@mantine/core';

import { formatDistance, formatLocal, formatUtc } from '../lib/time';
import { useNow } from '../shell/clock';

interface TimeTextProps {
  /** RFC 3339; nothing is shown without one. */
  value: string | null | undefined;
  /** Lets the date and the clock stand on two lines where there is little room. */
  isNarrow?: boolean;
}

export function TimeText({ value, isNarrow = false }: TimeTextProps) {
  if (!value) return null;
  const text = formatLocal(value);
  const space = text.indexOf(' ');
  return (
    <Tooltip label={formatUtc(value)}>
      <time dateTime={value} className="app-time" data-narrow={isNarrow || undefined}>
        <span>{text.slice(0, space)}</span> <span>{text.slice(space + 1)}</span>
      </time>
    </Tooltip>
  );
}

/** How far away a moment is: `in 5 min`. The tooltip has the moment itself, both ways. */
export function TimeDistance({ value }: { value: string }) {
  const now = useNow();
  return (
    <Tooltip label={`${formatLocal(value)} (${formatUtc(value)})`}>
      <time dateTime={value} className="app-time">
        {formatDistance(value, now)}
      </time>
    </Tooltip>
  );
}
