/** Asks Sentinel for the rows of an object of the last 30 days, and shows them. */
import { Button, Text } from '@mantine/core';

import { useObjectHistory } from '../../api/objectHistory';
import type { ObjectHistory, ObjectRow } from '../../api/model';
import { DataTable, type Column } from '../../components/DataTable';
import { ErrorPanel } from '../../components/ErrorPanel';
import { Icon } from '../../components/Icon';
import { LogsErrorNotice } from '../../components/LogsErrorNotice';
import { Notice } from '../../components/Notice';
import { StatusBadge } from '../../components/StatusBadge';
import { TimeText } from '../../components/TimeText';
import { counted } from '../../lib/number';
import { methodWords, rowFace } from '../../lib/objectRow';
import classes from './LookupPage.module.css';

interface AskSentinelProps {
  stixId: string;
  /** Tells one of several such buttons from the others. */
  of: string;
}

export function AskSentinel({ stixId, of }: AskSentinelProps) {
  const history = useObjectHistory();
  return (
    <div className={classes.asked}>
      <div className={classes.actions}>
        <Button
          size="xs"
          variant="default"
          leftSection={<Icon name="search" size={14} />}
          loading={history.isPending}
          aria-label={`Ask Sentinel: ${of}`}
          onClick={() => history.mutate(stixId)}
        >
          Ask Sentinel
        </Button>
        <Text size="xs" c="dimmed">
          Reads its rows of the last 30 days from the workspace
        </Text>
      </div>
      <div aria-live="polite">
        {history.error !== null ? (
          <ErrorPanel error={history.error} />
        ) : (
          history.data !== undefined && <Rows history={history.data} of={of} />
        )}
      </div>
    </div>
  );
}

function Rows({ history, of }: { history: ObjectHistory; of: string }) {
  if (history.error !== null) {
    return <LogsErrorNotice error={history.error} title="Sentinel could not be asked" />;
  }
  if (history.rows.length === 0) {
    return (
      <Notice tone="warning" title="No row in the last 30 days">
        <Text size="sm">
          Either Sentinel has none, or the application may not see it: access or a transformation
          can hide rows. An object that was just sent appears after some minutes.
        </Text>
      </Notice>
    );
  }
  return (
    <>
      <Text size="sm" mb={6}>
        {counted(history.rows.length, 'row')}, newest first
      </Text>
      <DataTable<ObjectRow>
        label={`Rows in Sentinel of ${of}`}
        columns={columns}
        rows={history.rows}
        rowKey={(row) => `${row.date_generated} ${row.method} ${row.date_modified ?? ''}`}
        minWidth={700}
        isFixed
        isStacked
        empty={null}
      />
    </>
  );
}

const columns: Column<ObjectRow>[] = [
  {
    key: 'at',
    heading: 'Stored',
    width: 100,
    cell: (row) => <TimeText value={row.date_generated} isNarrow />,
  },
  {
    key: 'method',
    heading: 'By',
    cell: (row) => <span title={row.method}>{methodWords(row.method)}</span>,
  },
  {
    key: 'state',
    heading: 'State',
    width: 116,
    cell: (row) => {
      const face = rowFace(row);
      return (
        <StatusBadge tone={face.tone} icon={face.icon}>
          {face.name}
        </StatusBadge>
      );
    },
  },
  {
    key: 'modified',
    heading: 'Version of',
    width: 100,
    cell: (row) => <TimeText value={row.date_modified} isNarrow />,
  },
  {
    key: 'until',
    heading: 'Valid until',
    width: 100,
    cell: (row) =>
      row.valid_until === null ? 'No end' : <TimeText value={row.valid_until} isNarrow />,
  },
  {
    key: 'confidence',
    heading: 'Confidence',
    align: 'right',
    width: 90,
    cell: (row) => row.confidence ?? 'None',
  },
  {
    key: 'parsed',
    heading: 'Rules',
    width: 96,
    cell: (row) => (row.is_parsed ? 'Can match' : 'Cannot match'),
  },
];
