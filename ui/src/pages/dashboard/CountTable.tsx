/** Numbers by name, each with a bar. */
import { Table, Text } from '@mantine/core';
import type { ReactNode } from 'react';

import { Bar } from '../../components/Bar';
import { NumberText } from '../../components/NumberText';
import { formatCount } from '../../lib/number';
import classes from './CountTable.module.css';

export interface Line {
  key: string;
  name: ReactNode;
  count: number;
}

interface CountTableProps {
  label: string;
  /** What the names are, and what is counted. */
  heading: string;
  counts: string;
  /** What stands where there is no line. */
  empty: string;
  lines: readonly Line[];
}

export function CountTable({ label, heading, counts, empty, lines }: CountTableProps) {
  const most = Math.max(1, ...lines.map(({ count }) => count));
  if (lines.length === 0) {
    return (
      <Text size="sm" c="dimmed" py="md">
        {empty}
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
            <Table.Th scope="col">{counts}</Table.Th>
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
