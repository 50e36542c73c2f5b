/** The alerts of Sentinel that are about a value. */
import type { ValueMatches } from '../../api/model';
import { alertColumns } from '../../components/alertColumns';
import { Card } from '../../components/Card';
import { DataTable } from '../../components/DataTable';
import { Link } from '../../components/Link';
import { formatCount } from '../../lib/number';
import { formatHash } from '../../lib/route';

interface MatchCardProps {
  value: string;
  matches: ValueMatches;
}

export function MatchCard({ value, matches: { count, alerts } }: MatchCardProps) {
  return (
    <Card
      title={count === 1 ? 'In 1 alert' : `In ${formatCount(count)} alerts`}
      end={<Link href={formatHash('reports/matches', { text: value })}>View in MATCHES</Link>}
    >
      <DataTable
        label="Alerts about this value"
        columns={alertColumns}
        rows={alerts}
        rowKey={(alert) => alert.id}
        minWidth={860}
        isFixed
        isStacked
        empty={null}
      />
    </Card>
  );
}
