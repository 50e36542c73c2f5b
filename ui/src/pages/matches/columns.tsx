/** The columns of MATCHES. */
import { ActionIcon, VisuallyHidden } from '@mantine/core';

import type { MatchedIndicator } from '../../api/model';
import { AlertLink } from '../../components/AlertLink';
import type { Column } from '../../components/DataTable';
import { Icon } from '../../components/Icon';
import { IndicatorName } from '../../components/IndicatorName';
import { MatchBadge, SeverityBadge } from '../../components/MatchBadges';
import { NumberText } from '../../components/NumberText';
import { ReportedQueryName } from '../../components/ReportedQueryName';
import { TimeText } from '../../components/TimeText';
import { Words } from '../../components/Words';
import { typeLabel } from '../../lib/label';
import { alertNamesText } from '../../lib/match';
import { formatCount } from '../../lib/number';
import classes from './MatchesPage.module.css';

type Toggle = (matched: MatchedIndicator) => void;

/** The columns; at the left the button that opens the alerts. */
export function matchColumns(openId: string | null, onToggle: Toggle): Column<MatchedIndicator>[] {
  return [
    {
      key: 'open',
      heading: <VisuallyHidden>Alerts</VisuallyHidden>,
      width: 36,
      cell: (matched) => (
        <ActionIcon
          variant="subtle"
          size="sm"
          color="gray"
          aria-label={`Alerts of ${matched.summary ?? ''}`}
          aria-expanded={matched.id === openId}
          onClick={() => onToggle(matched)}
        >
          <Icon name={matched.id === openId ? 'chevronDown' : 'chevronRight'} />
        </ActionIcon>
      ),
    },
    {
      key: 'summary',
      heading: 'Indicator',
      sort: 'summary',
      width: '18%',
      cell: (matched) => (
        <>
          <IndicatorName indicator={matched} />
          <span className={classes.aside}>{typeLabel(matched.type ?? '')}</span>
        </>
      ),
    },
    {
      key: 'kind',
      heading: 'Match',
      width: 150,
      cell: ({ kind }) => <MatchBadge kind={kind} />,
    },
    {
      key: 'severity',
      heading: 'Severity',
      sort: 'severity',
      width: 132,
      cell: ({ severity }) => <SeverityBadge severity={severity} />,
    },
    {
      key: 'alerts',
      heading: 'Alerts',
      sort: 'alerts',
      align: 'right',
      width: 72,
      cell: ({ count_alerts: count }) => <NumberText>{formatCount(count)}</NumberText>,
    },
    {
      key: 'names',
      heading: 'Alert Names',
      cell: (matched) => (
        <>
          <div className={classes.names} dir="auto">
            {alertNamesText(matched)}
          </div>
          <span className={classes.aside}>
            <AlertLink href={matched.alert_link}>Newest alert</AlertLink>
          </span>
        </>
      ),
    },
    {
      key: 'owner',
      heading: 'Owner',
      width: '9%',
      cell: (matched) => <Words>{matched.owner}</Words>,
    },
    {
      key: 'query',
      heading: 'Query',
      width: '11%',
      cell: ({ query }) => <ReportedQueryName query={query} />,
    },
    {
      key: 'first',
      heading: 'First',
      sort: 'first',
      width: 98,
      cell: (matched) => <TimeText value={matched.date_first} isNarrow />,
    },
    {
      key: 'last',
      heading: 'Last',
      sort: 'last',
      width: 98,
      cell: (matched) => <TimeText value={matched.date_last} isNarrow />,
    },
  ];
}
