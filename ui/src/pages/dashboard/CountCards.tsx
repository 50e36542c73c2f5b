/** Active objects in Sentinel, by type and by TQL query. */
import { Tooltip } from '@mantine/core';

import type { MetricSummary, QueryCount } from '../../api/model';
import { Card } from '../../components/Card';
import { OwnerNames } from '../../components/OwnerNames';
import { QueryName } from '../../components/QueryName';
import { typeLabel } from '../../lib/label';
import { formatDay } from '../../lib/time';
import { useZone } from '../../shell/zone';
import { CountTable, type Line } from './CountTable';

const objects = { counts: 'Objects', empty: 'No active objects yet' };

export function TypeCard({ summary }: { summary: MetricSummary }) {
  const lines = [...summary.by_type]
    .sort((one, other) => other.count - one.count)
    .map((each) => ({
      key: each.indicator_type,
      name: typeLabel(each.indicator_type),
      count: each.count,
    }));
  return (
    <Card title="In Sentinel by type">
      <CountTable label="In Sentinel by type" heading="Indicator type" {...objects} lines={lines} />
    </Card>
  );
}

export function QueryCard({ summary }: { summary: MetricSummary }) {
  const saved = summary.by_query.filter((each) => each.position !== null);
  const zone = useZone();
  const deleted = summary.by_query.filter((each) => each.position === null);
  const removed = deleted.reduce((sum, each) => sum + each.count, 0);
  const lastMs = Math.max(...deleted.map((each) => new Date(each.expires_by ?? NaN).getTime()));
  const expiry = Number.isFinite(lastMs) ? ` (expire by ${formatDay(lastMs, zone)})` : '';
  const lines: Line[] = saved.map((each) => ({
    key: each.query_id,
    name: <QueryCell query={each} />,
    count: each.count,
  }));
  if (removed > 0) {
    lines.push({ key: 'removed', name: `Deleted queries${expiry}`, count: removed });
  }
  return (
    <Card title="In Sentinel by TQL query">
      <CountTable label="In Sentinel by TQL query" heading="TQL query" {...objects} lines={lines} />
    </Card>
  );
}

/** Its name; owners and types on hover. */
function QueryCell({ query }: { query: QueryCount }) {
  return (
    <Tooltip
      label={
        <>
          <OwnerNames names={query.owners} />: {query.indicator_types.map(typeLabel).join(', ')}
        </>
      }
    >
      <span>
        <QueryName
          position={query.position}
          query={{ label: query.label ?? '', label_scope: query.label_scope }}
          isDisabled={!query.is_enabled}
        />
      </span>
    </Tooltip>
  );
}
