/** The copies that ThreatConnect has now, and why each is sent or not. */
import type { IndicatorCopy } from '../../api/model';
import { Card } from '../../components/Card';
import { DataTable, type Column } from '../../components/DataTable';
import { Help } from '../../components/Help';
import { IndicatorName } from '../../components/IndicatorName';
import { LongText } from '../../components/LongText';
import { StatusBadge } from '../../components/StatusBadge';
import { Words } from '../../components/Words';
import { typeLabel } from '../../lib/label';
import { fateFace } from '../../lib/lookup';

const columns: Column<IndicatorCopy>[] = [
  {
    key: 'owner',
    heading: 'Owner',
    width: '16%',
    cell: (copy) => <Words>{copy.owner}</Words>,
  },
  {
    key: 'indicator',
    heading: 'Indicator',
    width: '24%',
    cell: (copy) => <IndicatorName indicator={copy} isLookedUp />,
  },
  { key: 'type', heading: 'Type', width: 110, cell: (copy) => typeLabel(copy.type ?? '') },
  {
    key: 'queries',
    heading: 'Returned by TQL queries',
    width: 130,
    cell: (copy) => copy.positions.map((position) => position + 1).join(', ') || 'None',
  },
  {
    key: 'fate',
    heading: (
      <>
        Outcome <Help topic="Copy" />
      </>
    ),
    width: 130,
    cell: (copy) => {
      const face = fateFace(copy.fate);
      return (
        <StatusBadge tone={face.tone} icon={copy.fate === 'chosen' ? 'check' : 'cancel'}>
          {face.name}
        </StatusBadge>
      );
    },
  },
  { key: 'reason', heading: 'Why', cell: (copy) => <LongText text={copy.reason} /> },
];

export function CopyTable({ copies }: { copies: readonly IndicatorCopy[] }) {
  return (
    <Card title="Copies in ThreatConnect">
      <DataTable
        label="Copies in ThreatConnect"
        columns={columns}
        rows={copies}
        rowKey={(copy) => copy.id ?? `${copy.owner} ${copy.summary}`}
        minWidth={900}
        isFixed
        empty={null}
      />
    </Card>
  );
}
