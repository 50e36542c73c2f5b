/** Read and sent at a glance; every outcome in the tooltip. */
import { Tooltip } from '@mantine/core';

import type { Job } from '../../api/model';
import { NumberText } from '../../components/NumberText';
import { formatCount } from '../../lib/number';
import { jobOutcomes, settledCount } from '../../lib/outcome';

export function JobCounts({ job }: { job: Job }) {
  if (job.date_started === null) return null;
  return (
    <Tooltip label={<CountsTip job={job} />}>
      <NumberText>
        {formatCount(job.count_read)} / {formatCount(job.count_sent)}
      </NumberText>
    </Tooltip>
  );
}

function CountsTip({ job }: { job: Job }) {
  const underWay = job.count_read - settledCount(job);
  return (
    <>
      <div>{formatCount(job.count_read)} read (downloaded)</div>
      {jobOutcomes(job)
        .filter((outcome) => outcome.count > 0)
        .map((outcome) => (
          <div key={outcome.name}>
            {formatCount(outcome.count)} {outcome.name.toLowerCase()}
            {outcome.name === 'Sent' && ' (uploaded)'}
          </div>
        ))}
      {underWay > 0 && <div>{formatCount(underWay)} under way</div>}
      <div>{formatCount(job.count_object)} objects made</div>
    </>
  );
}
