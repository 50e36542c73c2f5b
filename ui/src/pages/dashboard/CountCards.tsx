/** Active objects in Sentinel, by type and by TQL query: tables whose numbers have bars. */
import { Table, Text, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';

import type { MetricSummary, QueryCount } from '../../api/model';
import { Bar } from '../../components/Bar';
import { Card } from '../../components/Card';
import { NumberText } from '../../components/NumberText';
import { OwnerNames } from '../../components/OwnerNames';
import { QueryName } from '../../components/QueryName';
import { typeLabel } from '../../lib/label';
import { formatCount } from '../../lib/number';
import { formatDay } from '../../lib/time';
import { useZone } from '../../shell/zone';
import classes from './CountCards.module.css';

interface Line {
  key: string;
  name: ReactNode;
  count: number;
}

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
      <CountTable label="In Sentinel by type" heading="Indicator type" lines={lines} />
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
      <CountTable label="In Sentinel by TQL query" heading="TQL query" lines={lines} />
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

interface CountTableProps {
  label: string;
  heading: string;
  lines: readonly Line[];
}

function CountTable({ label, heading, lines }: CountTableProps) {
  const most = Math.max(1, ...lines.map(({ count }) => count));
  if (lines.length === 0) {
    return (
      <Text size="sm" c="dimmed" py="md">
        No active objects yet
      </Text>
    );
  }
  return (
    // What scrolls has to be reachable by the keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={classes.scroll} role="group" aria-label={label} tabIndex={0}>
      <Table className={classes.table} aria-label={label}>
        <Table.Thead className={classes.head}>
          <Table.Tr>
            <Table.Th scope="col">{heading}</Table.Th>
            <Table.Th scope="col">Objects</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {lines.map(({ key, name, count }) => (
            <Table.Tr key={key}>
              <Table.Th scope="row">{name}</Table.Th>
              <Table.Td>
                <div className={classes.line}>
                  <Bar share={count / most} />
                  <NumberText>{formatCount(count)}</NumberText>
                </div>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
