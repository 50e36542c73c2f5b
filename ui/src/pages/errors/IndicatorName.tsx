/** An Indicator's value, which a click copies, and the way to it in ThreatConnect. */
import { Tooltip } from '@mantine/core';

import type { ReportedIndicator } from '../../api/model';
import { CopyText } from '../../components/CopyText';
import { Icon } from '../../components/Icon';
import { webAddress } from '../../lib/link';

export function IndicatorName({ indicator }: { indicator: ReportedIndicator }) {
  const name = indicator.summary ?? indicator.id ?? '';
  const address = webAddress(indicator.web_link);
  return (
    <span className="app-indicator">
      <CopyText what="Indicator" value={name} />
      {address !== null && (
        <Tooltip label="Open in ThreatConnect">
          <a
            className="app-icon-link"
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
