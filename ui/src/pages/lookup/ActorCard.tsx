/** The threat actors behind a value. */
import type { ActorName } from '../../api/model';
import { Card } from '../../components/Card';
import { ContextBadge } from '../../components/ContextBadge';
import { DataTable, type Column } from '../../components/DataTable';
import { GroupList } from '../../components/GroupList';
import { Link } from '../../components/Link';
import { Words } from '../../components/Words';
import { counted } from '../../lib/number';
import { formatHash } from '../../lib/route';

const columns: Column<ActorName>[] = [
  {
    key: 'name',
    heading: 'Threat Actor',
    width: '34%',
    cell: (actor) => (
      <Link href={formatHash('reports/context', { text: actor.name, open: actor.id })}>
        <Words>{actor.name}</Words>
      </Link>
    ),
  },
  {
    key: 'state',
    heading: 'State',
    width: 160,
    cell: (actor) => <ContextBadge state={actor.state} />,
  },
  {
    key: 'groups',
    heading: 'Groups',
    cell: (actor) => <GroupList of={actor.name} groups={actor.groups} />,
  },
];

export function ActorCard({ actors }: { actors: readonly ActorName[] }) {
  return (
    <Card title={counted(actors.length, 'threat actor')}>
      <DataTable
        label="Threat actors behind this value"
        columns={columns}
        rows={actors}
        rowKey={(actor) => actor.id}
        minWidth={760}
        isFixed
        isStacked
        empty={null}
      />
    </Card>
  );
}
