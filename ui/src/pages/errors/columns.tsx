/** The columns of ERRORS. */
import { ActionIcon, Text, VisuallyHidden } from '@mantine/core';

import type { ReportedError } from '../../api/model';
import type { Column } from '../../components/DataTable';
import { ErrorCode } from '../../components/ErrorCode';
import { Icon } from '../../components/Icon';
import { JobMark } from '../../components/JobMark';
import { TextButton } from '../../components/Link';
import { LongText } from '../../components/LongText';
import { NumberText } from '../../components/NumberText';
import { TimeText } from '../../components/TimeText';
import { formatCount } from '../../lib/number';
import { IndicatorName } from '../../components/IndicatorName';
import { QueryName } from '../../components/QueryName';
import { StateCell } from './StateCell';

type Toggle = (row: ReportedError) => void;

/** The columns; at the left the button that opens the Indicators behind an error. */
export function errorColumns(openId: string | null, onToggle: Toggle): Column<ReportedError>[] {
  return [
    {
      key: 'details',
      heading: <VisuallyHidden>Indicators</VisuallyHidden>,
      width: 36,
      cell: (row) =>
        row.indicators.length > 0 && (
          <ActionIcon
            variant="subtle"
            size="sm"
            color="gray"
            aria-label={`Indicators of ${row.code}, ${row.request_id}`}
            aria-expanded={row.id === openId}
            onClick={() => onToggle(row)}
          >
            <Icon name={row.id === openId ? 'chevronDown' : 'chevronRight'} />
          </ActionIcon>
        ),
    },
    {
      key: 'request_id',
      heading: 'Request ID',
      width: 140,
      cell: (row) => (
        <>
          <JobMark requestId={row.request_id} />
          <JobQuery query={row.query} />
        </>
      ),
    },
    {
      key: 'date_added',
      heading: 'Date Added',
      width: 100,
      cell: (row) => <TimeText value={row.date_added} isNarrow />,
    },
    {
      key: 'state',
      heading: 'State',
      width: 172,
      cell: (row) => <StateCell error={row} />,
    },
    {
      key: 'code',
      heading: 'Error Code',
      width: 104,
      cell: (row) => <ErrorCode code={row.code} />,
    },
    {
      key: 'message',
      heading: 'Error Message',
      width: '19%',
      cell: (row) => <LongText text={row.message} />,
    },
    { key: 'reason', heading: 'Error Reason', cell: (row) => <LongText text={row.reason} /> },
    {
      key: 'indicator',
      heading: 'Indicator',
      width: '17%',
      cell: (row) => <FirstIndicator row={row} onToggle={onToggle} />,
    },
    {
      key: 'count',
      heading: 'Times',
      align: 'right',
      width: 80,
      cell: (row) => <NumberText>{formatCount(row.count)}</NumberText>,
    },
  ];
}

/** The query of the Job, by what it is called now. */
function JobQuery({ query }: Pick<ReportedError, 'query'>) {
  if (query === null) return null;
  return (
    <Text size="xs" c="dimmed" component="div">
      <QueryName position={query.position} query={query} />
      {query.position === null && <div>deleted</div>}
    </Text>
  );
}

/** One Indicator as an example; an error of a whole request has none. */
function FirstIndicator({ row, onToggle }: { row: ReportedError; onToggle: Toggle }) {
  const [first] = row.indicators;
  if (first === undefined) return null;
  const rest = row.count - 1;
  return (
    <>
      <IndicatorName indicator={first} />
      <Text size="xs" c="dimmed" component="bdi">
        {[first.type, first.owner].filter(Boolean).join(', ')}
      </Text>
      {rest > 0 && (
        <Text size="xs" component="div">
          <TextButton onClick={() => onToggle(row)}>and {formatCount(rest)} more</TextButton>
        </Text>
      )}
    </>
  );
}
