/** Errors, by what they are about and whether they still hold. */
import type { Entries, Schemas } from './topic';

export const about: Entries<Schemas['About']> = {
  job: ['Job', 'The whole Job.'],
  indicator: ['Indicator', 'An Indicator that cannot be sent as it is in ThreatConnect.'],
  object: ['Object', 'An object that Microsoft Sentinel refused.'],
  withdrawal: ['Withdrawal', 'An object whose withdrawal Microsoft Sentinel refused.'],
};

export const errorState: Entries<Schemas['ErrorState']> = {
  open: ['Open', 'Not solved yet. The details say whether it is tried again by itself.'],
  resolved: ['Resolved', 'What failed has succeeded since.'],
  superseded: ['Superseded', 'A later error says the same, or what it is about is gone.'],
};
