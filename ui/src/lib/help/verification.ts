/** What Verify finds, and of what kind the objects are. */
import type { Entries, Schemas } from './topic';

export const finding: Entries<Schemas['FindingKind']> = {
  missing: [
    'Missing',
    'Microsoft Sentinel accepted it more than 24 hours ago and has no row of it. Send it again.',
  ],
  older: [
    'Older version',
    'Microsoft Sentinel has an earlier version than the one it accepted more than 24 hours ago. Send it again.',
  ],
  'expired-early': [
    'Expired early',
    'Its validity has ended there, although it was sent with a later end. Send it again.',
  ],
  changed: [
    'Changed in Sentinel',
    'A person or a rule revoked or deleted it, or changed its confidence or its end. Decide one by one.',
  ],
  unmatchable: [
    'Cannot match',
    'Microsoft Sentinel could not parse its pattern, so no rule can match it.',
  ],
  unknown: [
    'Unknown',
    'Active under the source name of this Service, which has no record of it: sent by an earlier App, by another sender, or before a state was lost.',
  ],
};

export const objectType: Entries<Schemas['ObjectType']> = {
  indicator: ['Indicator', 'One value that ThreatConnect has.'],
  identity: ['Identity', 'An owner of ThreatConnect, the author of its Indicators.'],
  'threat-actor': [
    'Threat actor',
    'Groups of the types Adversary, Intrusion Set and Threat with the same name.',
  ],
  relationship: ['Relationship', 'An Indicator that indicates a threat actor.'],
};
