/** What is done about what Sentinel refused of a Job, as things stand now. */
import { Text } from '@mantine/core';

import type { Job } from '../../api/model';
import { useOpenErrorsOf } from '../../api/report';
import { Link } from '../../components/Link';
import { Notice } from '../../components/Notice';
import { SendRefused } from '../../components/SendRefused';
import { refusedOf, triesWords } from '../../lib/errorState';
import { counted } from '../../lib/number';
import { formatHash } from '../../lib/route';

export function RefusedNotice({ job }: { job: Job }) {
  const errors = useOpenErrorsOf(job.request_id, job.count_refused > 0);
  if (job.count_refused === 0 || errors.data === undefined) return null;
  const refused = refusedOf(errors.data.data);
  const count = errors.data.count_refused;
  if (refused.count_open === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nothing that was refused in this Job is open any more.
      </Text>
    );
  }
  return (
    <Notice
      tone="warning"
      title={`${counted(count, 'Indicator')} still refused by Microsoft Sentinel`}
    >
      <Text size="sm">
        {triesWords(refused)}.{' '}
        <Link href={formatHash('reports/errors', { request_id: job.request_id, state: 'open' })}>
          View in ERRORS
        </Link>
      </Text>
      <SendRefused
        body={{ request_id: job.request_id }}
        count={count}
        underWay={errors.data.retry_request_id}
      />
    </Notice>
  );
}
