/** What in Sentinel contains a value, and what of it is there. */
import type { NearObject, QueryMark } from '../../api/model';
import { Card } from '../../components/Card';
import { DataTable, type Column } from '../../components/DataTable';
import { Help } from '../../components/Help';
import { IndicatorName } from '../../components/IndicatorName';
import { TimeText } from '../../components/TimeText';
import { Words } from '../../components/Words';
import { typeLabel } from '../../lib/label';
import { relationName } from '../../lib/lookup';
import { TakenBy } from './TakenBy';

const columnsOf = (queries: readonly QueryMark[]): Column<NearObject>[] => [
  {
    key: 'relation',
    heading: (
      <>
        Relation <Help topic="Relation" />
      </>
    ),
    width: 140,
    cell: (near) => relationName(near.relation),
  },
  {
    key: 'value',
    heading: 'Indicator',
    width: '30%',
    cell: ({ value, type, owner }) => (
      <IndicatorName indicator={{ id: null, summary: value, type, owner, web_link: null }} />
    ),
  },
  { key: 'type', heading: 'Type', width: 110, cell: (near) => typeLabel(near.type) },
  {
    key: 'owner',
    heading: 'Owner',
    cell: (near) => <Words>{near.owner}</Words>,
  },
  {
    key: 'query',
    heading: 'TQL query',
    cell: (near) => <TakenBy position={near.position} queries={queries} />,
  },
  {
    key: 'until',
    heading: 'Valid until',
    width: 150,
    cell: (near) => <TimeText value={near.valid_until} isNarrow />,
  },
];

interface NearTableProps {
  near: readonly NearObject[];
  /** Those that are saved. */
  queries: readonly QueryMark[];
}

export function NearTable({ near, queries }: NearTableProps) {
  return (
    <Card title="Related in Sentinel">
      <DataTable
        label="Related in Sentinel"
        columns={columnsOf(queries)}
        rows={near}
        rowKey={(each) => `${each.relation} ${each.type} ${each.value}`}
        minWidth={820}
        isFixed
        empty={null}
      />
    </Card>
  );
}
