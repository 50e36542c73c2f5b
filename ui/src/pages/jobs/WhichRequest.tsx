/** The request that a window is about. */
import { Text } from '@mantine/core';

import type { Job } from '../../api/model';
import { Mono } from '../../components/Mono';
import { JobQueryName } from './JobQueryName';

export function WhichRequest({ job }: { job: Job }) {
  return (
    <Text size="sm" mt="xs" c="dimmed" component="div">
      Request <Mono>{job.request_id}</Mono>
      <JobQueryName query={job.query} />
    </Text>
  );
}
