/** Indicators in the alerts of Microsoft Sentinel. */
import type { Entries, Schemas } from './topic';

export const matchKind: Entries<Schemas['MatchKind']> = {
  exact: ['Matched', 'The alert carries the ID of the object that was sent.'],
  value: [
    'Seen in an alert',
    'One of the entities of the alert has the value. What raised the alert may be something else.',
  ],
};

export const severity: Entries<Schemas['AlertSeverity']> = {
  high: ['High', 'The highest.'],
  medium: ['Medium', 'Below High.'],
  low: ['Low', 'Below Medium.'],
  informational: ['Informational', 'Not a threat by itself.'],
  unknown: ['Unknown', 'The alert does not say.'],
};
