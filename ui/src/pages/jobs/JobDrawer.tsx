/** "Request Details": all that is known of one Job. */
import { Skeleton, Stack, Text, Title } from '@mantine/core';
import { Fragment, type ReactNode } from 'react';

import { ApiError } from '../../api/client';
import { useJob, useRetriesOf } from '../../api/job';
import type { Job } from '../../api/model';
import { CopyText } from '../../components/CopyText';
import { ErrorPanel } from '../../components/ErrorPanel';
import { ErrorCode } from '../../components/ErrorCode';
import { Facts, type Fact } from '../../components/Facts';
import { Link } from '../../components/Link';
import { Notice } from '../../components/Notice';
import { OwnerNames } from '../../components/OwnerNames';
import { SidePanel } from '../../components/SidePanel';
import { TimeText } from '../../components/TimeText';
import { jobContextWords } from '../../lib/context';
import { fieldLabel, typeLabel } from '../../lib/label';
import { counted, formatCount } from '../../lib/number';
import { formatHash } from '../../lib/route';
import { scopeText } from '../../lib/scope';
import { isRunning, lossCount } from '../../lib/status';
import { formatRuntime } from '../../lib/time';
import { TqlCode } from '../../tql/TqlCode';
import { JobActions, type OnJobAction } from './JobActions';
import { JobBars } from './JobBars';
import { JobLink } from './JobLink';
import { JobStatusLine } from './JobStatusCell';
import { OutcomeTable } from './OutcomeTable';
import { RefusedNotice } from './RefusedNotice';
import { Runtime } from './Runtime';

interface JobDrawerProps {
  requestId: string;
  /** The row of the list, so that the drawer need not wait. */
  listed: Job | undefined;
  onAction: OnJobAction;
  onClose: () => void;
}

export function JobDrawer({ requestId, listed, onAction, onClose }: JobDrawerProps) {
  const job = useJob(requestId, isId(requestId));
  const shown = newer(job.data, listed);
  return (
    <SidePanel title="Request Details" contentKey={requestId} onClose={onClose}>
      {shown !== undefined ? (
        <JobDetails job={shown} onAction={onAction} />
      ) : job.error !== null || !isId(requestId) ? (
        <ErrorPanel error={job.error ?? noSuchJob} />
      ) : (
        <Skeleton height={240} />
      )}
    </SidePanel>
  );
}

const noSuchJob = new ApiError({
  title: 'No such Job',
  description: 'The address does not hold a Request ID.',
  code: 'PAGE-404',
  status: 404,
});

function isId(text: string): boolean {
  return /^[A-Za-z0-9-]+$/.test(text);
}

/** The one that has come further; the list and the drawer refresh on their own. */
function newer(one: Job | undefined, other: Job | undefined): Job | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const hasEnded = (job: Job) => job.date_completed !== null || job.date_failed !== null;
  return hasEnded(other) && !hasEnded(one) ? other : one;
}

function JobDetails({ job, onAction }: { job: Job; onAction: OnJobAction }) {
  const retries = useRetriesOf(job.request_id, job.status === 'Failed');
  return (
    <Stack gap="lg">
      <Stack gap="xs">
        <JobStatusLine job={job} />
        {isRunning(job) && <JobBars job={job} isWhole />}
        <JobActions job={job} onAction={onAction} />
      </Stack>
      {job.failure_reason !== null && (
        <Notice tone="bad" title={`Failed: ${job.failure_code ?? ''}`}>
          <Text size="sm" dir="auto">
            {job.failure_reason}
          </Text>
          {job.failure_code !== null && (
            <Text size="xs" c="dimmed" mt={4}>
              Cause and remedy: <ErrorCode code={job.failure_code} />
            </Text>
          )}
        </Notice>
      )}
      {job.warnings.map((warning) => (
        <Notice tone="warning" key={warning}>
          {warning}
        </Notice>
      ))}
      <Part title="Request">
        <Facts facts={requestFacts(job, retries.data?.data ?? [])} />
      </Part>
      <Part title="Indicators">
        <OutcomeTable job={job} />
        <RefusedNotice job={job} />
        {(lossCount(job) > 0 || job.failure_code !== null) && (
          <div>
            <Link href={formatHash('reports/errors', { request_id: job.request_id })}>
              Errors of this Job
            </Link>
          </div>
        )}
      </Part>
      {job.date_download_start !== null && (
        <Part title="Stages">
          <Facts facts={stageFacts(job)} />
        </Part>
      )}
      <Part title="Sending">
        <Facts facts={sendingFacts(job)} />
      </Part>
      <Part title="TQL query, as it was when queued">
        <Facts facts={queryFacts(job)} />
        <TqlCode extent="whole">{job.query.tql}</TqlCode>
      </Part>
    </Stack>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <Title order={3} size="h6" mb={6}>
        {title}
      </Title>
      {children}
    </section>
  );
}

function requestFacts(job: Job, retries: readonly Job[]): Fact[] {
  return [
    { name: 'Request ID', value: <CopyText what="Request ID" value={job.request_id} /> },
    { name: 'Job type', value: job.job_type },
    { name: 'Update', value: scopeText(job) },
    { name: 'Same update', value: <UpdateLinks of={job.update_id} /> },
    { name: 'Retry of', value: job.retry_of && <JobLink requestId={job.retry_of} /> },
    {
      name: 'Tried again as',
      value:
        retries.length > 0 &&
        retries.map((retry) => (
          <div key={retry.request_id}>
            <JobLink requestId={retry.request_id} /> ({retry.status})
          </div>
        )),
    },
    { name: 'Filter started', value: time(job.last_modified_filter_start) },
    { name: 'Filter end', value: time(job.last_modified_filter_end) },
    { name: 'Date queued', value: time(job.date_queued) },
    { name: 'Date started', value: time(job.date_started) },
    { name: 'Date completed', value: time(job.date_completed) },
    { name: 'Date failed', value: time(job.date_failed) },
    { name: 'Total runtime', value: job.date_started && <Runtime job={job} /> },
  ];
}

/** Where all of the update is. */
function UpdateLinks({ of }: { of: Job['update_id'] }) {
  const places = [
    ['jobs', 'Jobs'],
    ['reports/errors', 'errors'],
    ['reports/audit', 'audit'],
  ] as const;
  return places.map(([path, words], index) => (
    <Fragment key={path}>
      {index > 0 && ', '}
      <Link href={formatHash(path, { update_id: of })}>{words}</Link>
    </Fragment>
  ));
}

function stageFacts(job: Job): Fact[] {
  return (
    [
      ['Download', 'download'],
      ['Convert', 'convert'],
      ['Upload', 'upload'],
    ] as const
  ).flatMap(([name, key]) => {
    const runtime = job[`${key}_runtime`];
    return [
      { name: `${name} start`, value: time(job[`date_${key}_start`]) },
      { name: `${name} end`, value: time(job[`date_${key}_complete`]) },
      { name: `${name} runtime`, value: runtime === null ? null : formatRuntime(runtime) },
    ];
  });
}

function sendingFacts(job: Job): Fact[] {
  return [
    { name: 'Objects made', value: formatCount(job.count_object) },
    {
      name: 'Not withdrawn',
      value:
        job.count_held_back > 0 && `${counted(job.count_held_back, 'object')}: too many at once`,
    },
    { name: 'Context', value: job.context && jobContextWords(job.context) },
    { name: 'Requests', value: formatCount(job.count_request) },
    { name: 'Waited for the API limit', value: formatRuntime(job.limit_wait_seconds) },
    { name: 'Throttled requests', value: formatCount(job.count_throttled) },
    { name: 'Throttled for', value: formatRuntime(job.throttled_seconds) },
  ];
}

function queryFacts(job: Job): Fact[] {
  const { query } = job;
  return [
    { name: 'Name', value: query.name !== null && <bdi>{query.name}</bdi> },
    { name: 'Precedence', value: String(query.position + 1) },
    { name: 'Owners', value: <OwnerNames names={query.owners} /> },
    { name: 'Indicator types', value: query.indicator_types.map(typeLabel).join(', ') },
    {
      name: 'Sorted by',
      value:
        query.sort_field &&
        `${fieldLabel(query.sort_field)}, ${query.sort_direction === 'asc' ? 'ascending' : 'descending'}`,
    },
  ];
}

function time(value: string | null): ReactNode {
  return value === null ? null : <TimeText value={value} />;
}
