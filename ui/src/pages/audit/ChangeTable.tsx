/** What each field was before a save, and what it became. */
import { Text } from '@mantine/core';

import type { AuditRecord } from '../../api/model';
import { DataTable, type Column } from '../../components/DataTable';
import { LongText } from '../../components/LongText';
import { Mono } from '../../components/Mono';
import { RowDetails } from '../../components/RowDetails';
import { changeText } from '../../lib/audit';
import { counted } from '../../lib/number';

type Change = AuditRecord['changes'][number];

function Side({ field, text }: { field: string; text: string | null }) {
  if (text === null) {
    return (
      <Text span inherit c="dimmed">
        None
      </Text>
    );
  }
  return field === 'TQL' ? (
    <Mono>
      <LongText text={text} />
    </Mono>
  ) : (
    <LongText text={changeText(field, text)} />
  );
}

const columns: Column<Change>[] = [
  { key: 'subject', heading: 'Of', width: '18%', cell: (change) => change.subject },
  { key: 'field', heading: 'Field', width: 130, cell: (change) => change.field },
  {
    key: 'before',
    heading: 'Before',
    cell: (change) => <Side field={change.field} text={change.before} />,
  },
  {
    key: 'after',
    heading: 'After',
    cell: (change) => <Side field={change.field} text={change.after} />,
  },
];

export function ChangeTable({ record }: { record: AuditRecord }) {
  return (
    <RowDetails>
      <DataTable
        label={`Changes of ${record.at}`}
        columns={columns}
        rows={record.changes}
        rowKey={(change) => `${change.subject} ${change.field}`}
        isFixed
        empty={null}
      />
      {record.changes_left_out > 0 && (
        <Text size="xs" c="dimmed">
          {counted(record.changes_left_out, 'further change')} not recorded: too long.
        </Text>
      )}
    </RowDetails>
  );
}
