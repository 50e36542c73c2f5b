/** One update of JOBS: a line that says what it did, and below it its Jobs, when unfolded. */
import { Table, UnstyledButton } from '@mantine/core';

import { useJobsOf, type JobFilter } from '../../api/job';
import type { Job, Update } from '../../api/model';
import { DataRow, WaitingRows, type Column } from '../../components/DataTable';
import { ErrorPanel } from '../../components/ErrorPanel';
import { Icon } from '../../components/Icon';
import { StatusBadge } from '../../components/StatusBadge';
import { TimeText } from '../../components/TimeText';
import { counted, formatCount } from '../../lib/number';
import { updateFace } from '../../lib/updateSentence';
import classes from './UpdateGroup.module.css';
import { UpdateSentence } from './UpdateSentence';

interface UpdateGroupProps {
  update: Update;
  filter: JobFilter;
  columns: readonly Column<Job>[];
  isUnfolded: boolean;
  onFold: () => void;
  openJobId: string | null;
  onJobClick: (job: Job) => void;
}

export function UpdateGroup(props: UpdateGroupProps) {
  const { update, columns, isUnfolded, onFold } = props;
  const face = updateFace(update);
  return (
    <Table.Tbody className={classes.group}>
      <Table.Tr className={classes.row}>
        <Table.Th scope="rowgroup" colSpan={columns.length} className={classes.head}>
          <UnstyledButton className={classes.line} aria-expanded={isUnfolded} onClick={onFold}>
            <Icon name={isUnfolded ? 'chevronDown' : 'chevronRight'} size={16} />
            <span className={classes.start}>
              <TimeText value={update.date_started ?? update.date_queued} />
            </span>
            <span className={classes.state}>
              <StatusBadge tone={face.tone} icon={face.icon}>
                {face.words}
              </StatusBadge>
            </span>
            <span className={classes.sentence}>
              <UpdateSentence update={update} />
            </span>
            <span className={classes.aside}>
              {update.job_type === 'ad-hoc' && 'ad-hoc, '}
              {jobWords(update)}
            </span>
          </UnstyledButton>
        </Table.Th>
      </Table.Tr>
      {isUnfolded && <JobRows {...props} />}
    </Table.Tbody>
  );
}

function jobWords({ count_jobs: all, count_matching_jobs: matching }: Update): string {
  return matching === all
    ? counted(all, 'Job')
    : `${formatCount(matching)} of ${counted(all, 'Job')}`;
}

function JobRows({ update, filter, columns, openJobId, onJobClick }: UpdateGroupProps) {
  const jobs = useJobsOf(update, filter);
  if (jobs.data === undefined) {
    return jobs.error === null ? (
      <WaitingRows columns={columns.length} rows={Math.min(update.count_matching_jobs, 5)} />
    ) : (
      <Table.Tr>
        <Table.Td colSpan={columns.length}>
          <ErrorPanel
            error={jobs.error}
            onRetry={() => void jobs.refetch()}
            isRetrying={jobs.isFetching}
          />
        </Table.Td>
      </Table.Tr>
    );
  }
  return jobs.data.map((job) => (
    <DataRow
      key={job.request_id}
      row={job}
      columns={columns}
      isOpen={job.request_id === openJobId}
      onRowClick={onJobClick}
    />
  ));
}
