/** An Indicator's value, which a click copies, and the ways to it: in ThreatConnect and in the lookup. */
import { Tooltip } from '@mantine/core';

import type { ReportedIndicator } from '../api/model';
import { webAddress } from '../lib/link';
import { formatHash } from '../lib/route';
import { CopyText } from './CopyText';
import { Icon } from './Icon';
import classes from './IndicatorName.module.css';

interface IndicatorNameProps {
  indicator: ReportedIndicator;
  /** Where it has been looked up already, there is no way there. */
  isLookedUp?: boolean;
}

export function IndicatorName({ indicator, isLookedUp = false }: IndicatorNameProps) {
  const name = indicator.summary ?? indicator.id ?? '';
  const address = webAddress(indicator.web_link);
  return (
    <span className={classes.name}>
      <CopyText what="Indicator" value={name} />
      {!isLookedUp && indicator.summary !== null && (
        <Tooltip label="Look up this Indicator">
          <a
            className={classes.link}
            href={formatHash('reports/lookup', { value: indicator.summary })}
            aria-label="Look up this Indicator"
          >
            <Icon name="search" size={14} />
          </a>
        </Tooltip>
      )}
      {address !== null && (
        <Tooltip label="Open in ThreatConnect">
          <a
            className={classes.link}
            href={address}
            target="_blank"
            rel="noreferrer"
            aria-label="Open in ThreatConnect, in a new tab"
          >
            <Icon name="external" size={14} />
          </a>
        </Tooltip>
      )}
    </span>
  );
}
