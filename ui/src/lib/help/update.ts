/** Updates, their Jobs, and what becomes of the Indicators that a Job reads. */
import type { Entries, Schemas } from './topic';

export const updateStatus: Entries<Schemas['UpdateState']> = {
  Pending: ['Pending', 'None of its Jobs has started.'],
  'In Progress': [
    'In Progress',
    'At least one of its Jobs has started, and not all have finished.',
  ],
  Complete: ['Complete', 'All of its Jobs have finished.'],
  Failed: ['Failed', 'At least one of its Jobs failed, and none is still running.'],
  Cancelled: ['Cancelled', 'All of its Jobs were canceled before they started.'],
};

export const mode: Entries<Schemas['Mode']> = {
  delta: [
    'Delta',
    'Reads what was modified since the last run of each query. This is what the schedule runs.',
  ],
  full: [
    'Full',
    'Reads everything the queries return and sends all of it again. Runs once after the first save, and on request.',
  ],
  reconcile: [
    'Reconcile',
    'Reads everything, but sends only what is new, changed, about to expire, or missing. Runs on its own interval.',
  ],
};

export const scope: Entries<Schemas['Scope']> = {
  whole: ['Whole', 'Reads what its queries return.'],
  refused: ['Refused', 'Sends again what Microsoft Sentinel refused.'],
  send: ['Send now', 'Sends the values that a person chose.'],
  withdraw: ['Withdraw', 'Withdraws what a person chose.'],
  verify: ['Send again', 'Sends what Microsoft Sentinel does not have as it was sent.'],
  unknown: ['Withdraw unknown', 'Withdraws objects that this Service has no record of.'],
};

export const jobStatus: Entries<Schemas['JobStatus']> = {
  Pending: ['Pending', 'Queued. Starts when the update before it has finished.'],
  'Download In Progress': ['Download In Progress', 'Reading Indicators from ThreatConnect.'],
  'Download Complete': [
    'Download Complete',
    'Everything was read. The last Indicators wait to be converted.',
  ],
  'Convert In Progress': [
    'Convert In Progress',
    'Choosing which copy of each value to send, and writing it as a STIX object.',
  ],
  'Convert Complete': ['Convert Complete', 'Every object is ready. The last ones wait to be sent.'],
  'Upload In Progress': [
    'Upload In Progress',
    'Sending objects to Microsoft Sentinel, at most 100 requests a minute.',
  ],
  'Upload Complete': [
    'Upload Complete',
    'Every Indicator has its outcome. Amber: some were refused or invalid, or there is a warning to read.',
  ],
  Failed: [
    'Failed',
    'The Job ended early; the details say why. Nothing is lost: the next update includes what was not sent. What a person chose to send or withdraw needs Retry.',
  ],
  Cancelled: ['Cancelled', 'Canceled by a person before it started. Nothing of it was sent.'],
};

export const jobType: Entries<Schemas['JobType']> = {
  scheduled: ['Scheduled', 'Queued by the schedule.'],
  'ad-hoc': ['Ad-hoc', 'Requested by a person. Scheduled Jobs that wait go first.'],
  verify: ['Verify', 'Requested by a person in VERIFY, for what Verify found.'],
};

export const outcome: Entries<Schemas['Outcome']> = {
  sent: ['Sent', 'Microsoft Sentinel accepted it.'],
  unchanged: ['Unchanged', 'Already up to date in Microsoft Sentinel, so nothing was sent.'],
  duplicate: [
    'Duplicate',
    'The same value was sent from a higher query, or from a copy that was modified later.',
  ],
  withheld: [
    'Withheld',
    'Held back by Highest TLP to Send or Never Send, or not active in ThreatConnect.',
  ],
  expired: ['Expired', 'Its external expiry date in ThreatConnect has passed.'],
  withdrawn: ['Withdrawn', 'Marked as revoked in Microsoft Sentinel.'],
  unsupported: [
    'Unsupported',
    'A type that Microsoft Sentinel has no pattern for, or a File without an MD5, SHA-1 or SHA-256 hash.',
  ],
  invalid: [
    'Invalid',
    'Its value cannot be right, so a pattern made from it could never match. ERRORS says what is wrong.',
  ],
  refused: [
    'Refused',
    'Microsoft Sentinel returned an error. The next three delta or reconcile updates try again.',
  ],
  failed: [
    'Failed',
    'Not sent because the Job failed. The next update includes it, unless a person chose it: then use Retry.',
  ],
};
