/** The columns of the alerts in which an Indicator was matched. */
import type { MatchedAlert } from '../api/model';
import { AlertLink } from './AlertLink';
import type { Column } from './DataTable';
import { MatchBadge, SeverityBadge } from './MatchBadges';
import { TimeText } from './TimeText';
import { Words } from './Words';

export const alertColumns: Column<MatchedAlert>[] = [
  {
    key: 'name',
    heading: 'Alert',
    cell: ({ name, link }) => <AlertLink href={link}>{name}</AlertLink>,
  },
  { key: 'kind', heading: 'Match', width: 150, cell: ({ kind }) => <MatchBadge kind={kind} /> },
  {
    key: 'severity',
    heading: 'Severity',
    width: 140,
    cell: ({ severity }) => <SeverityBadge severity={severity} />,
  },
  {
    key: 'product',
    heading: 'Product',
    width: '18%',
    cell: ({ product }) => <Words>{product}</Words>,
  },
  {
    key: 'first',
    heading: 'First event',
    width: 100,
    cell: (alert) => <TimeText value={alert.date_first} isNarrow />,
  },
  {
    key: 'last',
    heading: 'Last event',
    width: 100,
    cell: (alert) => <TimeText value={alert.date_last} isNarrow />,
  },
];
