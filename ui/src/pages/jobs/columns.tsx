/** The columns of JOBS, and which of them are shown. */
import { ActionIcon, VisuallyHidden } from '@mantine/core';
import { useState, type ReactNode } from 'react';

import type { Job } from '../../api/model';
import { CopyText } from '../../components/CopyText';
import type { Column } from '../../components/DataTable';
import { Icon } from '../../components/Icon';
import { TimeText } from '../../components/TimeText';
import type { OnJobAction } from './JobActions';
import { JobCounts } from './JobCounts';
import { JobQueryName } from './JobQueryName';
import { JobStatusCell } from './JobStatusCell';
import { Runtime } from './Runtime';
import { StatusFlow } from './StatusFlow';

type Toggle = (job: Job) => void;

interface JobColumn extends Omit<Column<Job>, 'cell'> {
  cell: (job: Job, onAction: OnJobAction) => ReactNode;
  /** The heading as plain words, for the menu of columns. */
  name: string;
  isOptional?: boolean;
}

/** Two lines where there is little room; on a wide screen date and clock stand on one. */
const timeWidth = 'clamp(100px, 9.5vw, 190px)';

function timeColumn(
  key: 'date_queued' | 'date_started' | 'date_completed' | 'date_failed' | FilterKey,
  name: string,
  isOptional = true,
): JobColumn {
  return {
    key,
    name,
    heading: name,
    sort: key,
    isOptional,
    width: timeWidth,
    cell: (job) => <TimeText value={job[key]} isNarrow />,
  };
}

type FilterKey = 'last_modified_filter_start' | 'last_modified_filter_end';

const columns: JobColumn[] = [
  timeColumn('date_started', 'Date Started', false),
  {
    key: 'query',
    name: 'Query',
    heading: 'Query',
    sort: 'position',
    cell: (job) => <JobQueryName query={job.query} />,
  },
  {
    key: 'request_id',
    name: 'Request ID',
    heading: 'Request ID',
    sort: 'request_id',
    width: 90,
    cell: (job) => (
      <CopyText what="Request ID" value={job.request_id}>
        {job.request_id.slice(0, 8)}
      </CopyText>
    ),
  },
  {
    key: 'counts',
    name: 'Indicator Counts',
    heading: 'Indicator Counts',
    sort: 'count_read',
    align: 'right',
    width: 112,
    cell: (job) => <JobCounts job={job} />,
  },
  timeColumn('last_modified_filter_start', 'Filter Started'),
  timeColumn('last_modified_filter_end', 'Filter End'),
  timeColumn('date_queued', 'Date Queued'),
  timeColumn('date_completed', 'Date Completed'),
  timeColumn('date_failed', 'Date Failed'),
  {
    key: 'status',
    name: 'Status',
    heading: 'Status',
    sort: 'status',
    width: '22%',
    cell: (job, onAction) => <JobStatusCell job={job} onAction={onAction} />,
  },
  {
    key: 'flow',
    name: 'Status Flow',
    heading: 'Status Flow',
    isOptional: true,
    width: 104,
    cell: (job) => <StatusFlow job={job} />,
  },
  {
    key: 'runtime',
    name: 'Runtime',
    heading: 'Runtime',
    sort: 'total_runtime',
    align: 'right',
    width: 74,
    cell: (job) => <Runtime job={job} />,
  },
];

/** Below this the table scrolls by itself. */
export function tableWidth(keys: readonly string[]): number {
  const extra = columns.filter((column) => column.isOptional === true && keys.includes(column.key));
  return 800 + 105 * extra.length;
}

export const columnChoices = columns.map(({ key, name }) => ({ key, name }));

const STORAGE_KEY = 'ms-sentinel-job-columns';
const usual = columns.filter((column) => column.isOptional !== true).map((column) => column.key);

function readKeys(): string[] {
  try {
    const kept = localStorage.getItem(STORAGE_KEY)?.split(',') ?? usual;
    return kept.filter((key) => columns.some((column) => column.key === key));
  } catch {
    return usual;
  }
}

export interface ShownColumns {
  keys: readonly string[];
  toggle: (key: string) => void;
  reset: () => void;
}

/** The reader's choice of columns, kept in this browser. */
export function useShownColumns(): ShownColumns {
  const [keys, setKeys] = useState(readKeys);
  const keep = (next: string[]) => {
    setKeys(next);
    try {
      localStorage.setItem(STORAGE_KEY, next.join(','));
    } catch {
      // Without storage the choice holds until the page is closed.
    }
  };
  return {
    keys,
    toggle: (key) =>
      keep(keys.includes(key) ? keys.filter((other) => other !== key) : [...keys, key]),
    reset: () => keep(usual),
  };
}

/** The shown columns, and at the left the button that opens the details. */
export function jobColumns(
  keys: readonly string[],
  openId: string | null,
  onToggle: Toggle,
  onAction: OnJobAction,
): Column<Job>[] {
  const details: Column<Job> = {
    key: 'details',
    heading: <VisuallyHidden>Details</VisuallyHidden>,
    width: 36,
    cell: (job) => (
      <ActionIcon
        variant="subtle"
        size="sm"
        color="gray"
        aria-label={`Details of ${job.request_id}`}
        aria-expanded={job.request_id === openId}
        onClick={() => onToggle(job)}
      >
        <Icon name="chevronRight" />
      </ActionIcon>
    ),
  };
  const shown = columns.filter((column) => keys.includes(column.key));
  return [
    details,
    ...shown.map((column) => ({ ...column, cell: (job: Job) => column.cell(job, onAction) })),
  ];
}
