/** The columns of AUDIT. */
import { ActionIcon, Text, VisuallyHidden } from '@mantine/core';

import type { AuditRecord } from '../../api/model';
import type { Column } from '../../components/DataTable';
import { Icon } from '../../components/Icon';
import { Link, TextButton } from '../../components/Link';
import { LongText } from '../../components/LongText';
import { TimeText } from '../../components/TimeText';
import { Words } from '../../components/Words';
import { actionLabel, requestIdOf } from '../../lib/audit';
import { counted } from '../../lib/number';
import { formatHash } from '../../lib/route';
import { JobLink } from '../jobs/JobLink';

type Toggle = (record: AuditRecord) => void;

export function auditColumns(openKey: string | null, onToggle: Toggle): Column<AuditRecord>[] {
  return [
    {
      key: 'open',
      heading: <VisuallyHidden>Changes</VisuallyHidden>,
      width: 36,
      cell: (record) =>
        record.changes.length > 0 && (
          <ActionIcon
            variant="subtle"
            size="sm"
            color="gray"
            aria-label={`Changes of ${record.at}`}
            aria-expanded={record.at === openKey}
            onClick={() => onToggle(record)}
          >
            <Icon name={record.at === openKey ? 'chevronDown' : 'chevronRight'} />
          </ActionIcon>
        ),
    },
    {
      key: 'at',
      heading: 'When',
      width: 190,
      cell: (record) => <TimeText value={record.at} />,
    },
    {
      key: 'user',
      heading: 'Who',
      width: '20%',
      cell: (record) =>
        record.user === null ? (
          <Text size="sm" c="dimmed" fz="inherit">
            {record.action === 'task-resume-itself' ? 'The pause ended' : 'Unknown user'}
          </Text>
        ) : (
          <Words>{record.user}</Words>
        ),
    },
    {
      key: 'action',
      heading: 'What',
      width: 190,
      cell: (record) => <span title={record.action}>{actionLabel(record.action)}</span>,
    },
    {
      key: 'detail',
      heading: 'Details',
      cell: (record) => <Details record={record} onToggle={onToggle} />,
    },
  ];
}

function Details({ record, onToggle }: { record: AuditRecord; onToggle: Toggle }) {
  const requestId = requestIdOf(record);
  if (requestId !== null) return <JobLink requestId={requestId} />;
  const [updateId] = record.update_ids;
  const count = record.changes.length + record.changes_left_out;
  return (
    <>
      <LongText text={record.detail} />
      {updateId !== undefined && (
        <Link href={formatHash('jobs', { update_id: updateId })}>View in JOBS</Link>
      )}
      {count > 0 && (
        <TextButton onClick={() => onToggle(record)}>{counted(count, 'changed field')}</TextButton>
      )}
    </>
  );
}
