/** What was seen lately of the Jobs that run, for their rates. */
import { isRunning } from '../lib/status';
import { sightingOf, withSighting, type Sighting } from '../lib/speed';
import type { Job } from './model';

const sightings = new Map<string, readonly Sighting[]>();

/** Takes note of Jobs as they come from the API. */
export function noteJobs(jobs: readonly Job[]): void {
  for (const job of jobs) {
    if (isRunning(job)) {
      const known = sightings.get(job.request_id) ?? [];
      sightings.set(job.request_id, withSighting(known, sightingOf(job, Date.now())));
    } else {
      sightings.delete(job.request_id);
    }
  }
}

export function sightingsOf(job: Job): readonly Sighting[] {
  return sightings.get(job.request_id) ?? [];
}
