/** The accounting of a Job: what was read, and what became of it, down to the last Indicator. */
import { Group, Table, Text } from '@mantine/core';

import type { Job } from '../../api/model';
import { Icon } from '../../components/Icon';
import { formatCount } from '../../lib/number';
import { jobOutcomes, settledCount } from '../../lib/outcome';
import { isOpen } from '../../lib/status';
import classes from './OutcomeTable.module.css';

export function OutcomeTable({ job }: { job: Job }) {
  const settled = settledCount(job);
  const underWay = job.count_read - settled;
  return (
    <>
      <Table className={classes.table} aria-label="What became of the Indicators">
        <Table.Tbody>
          {jobOutcomes(job).map((outcome) => (
            <Table.Tr key={outcome.name} data-none={outcome.count === 0 || undefined}>
              <Table.Th scope="row">
                <span className={classes.dot} data-tone={outcome.tone} />
                {outcome.name}
                <span className={classes.meaning}>{outcome.meaning}</span>
              </Table.Th>
              <Table.Td>{formatCount(outcome.count)}</Table.Td>
            </Table.Tr>
          ))}
          {isOpen(job) && (
            <Table.Tr>
              <Table.Th scope="row">
                <span className={classes.dot} data-tone="active" />
                Under way
              </Table.Th>
              <Table.Td>{formatCount(Math.max(0, underWay))}</Table.Td>
            </Table.Tr>
          )}
        </Table.Tbody>
        <Table.Tfoot>
          <Table.Tr>
            <Table.Th scope="row">Read</Table.Th>
            <Table.Td>{formatCount(job.count_read)}</Table.Td>
          </Table.Tr>
        </Table.Tfoot>
      </Table>
      {!isOpen(job) &&
        (underWay === 0 ? (
          <Group display="inline-flex" gap={6} wrap="nowrap" fz="xs" lh="xs" c="dimmed" mb="xs">
            <Icon name="done" size={13} /> The outcomes add up to what was read.
          </Group>
        ) : (
          <Text size="xs" c="red" mb="xs">
            {formatCount(Math.abs(underWay))} Indicators are not accounted for. Please report this.
          </Text>
        ))}
    </>
  );
}
