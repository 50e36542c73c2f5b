/** The request that a window is about. */
import { Text } from '@mantine/core';

import type { Job } from '../../api/model';
import { JobQueryName } from './JobQueryName';

export function WhichRequest({ job }: { job: Job }) {
  return (
    <Text size="sm" mt="xs" c="dimmed" component="div">
      Request <span className="app-mono">{job.request_id}</span>
      <JobQueryName query={job.query} />
    </Text>
  );
}
