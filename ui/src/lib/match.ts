/** Indicators in the alerts of Sentinel, in words. */
import type { MatchedAlert, MatchedIndicator } from '../api/model';
import type { Cell } from './csv';
import { typeLabel } from './label';
import type { Tone } from './status';

interface Face {
  name: string;
  tone: Tone;
}

type MatchKind = MatchedAlert['kind'];

const kinds: Record<MatchKind, Face & { icon: 'check' | 'search' }> = {
  exact: { name: 'Matched', tone: 'active', icon: 'check' },
  value: { name: 'Seen in an alert', tone: 'neutral', icon: 'search' },
};

export const matchKinds = Object.keys(kinds) as MatchKind[];

export function matchFace(kind: MatchKind): Face & { icon: 'check' | 'search' } {
  return kinds[kind];
}

type Severity = MatchedAlert['severity'];

/** Highest first. */
const severities: Record<Severity, Face> = {
  high: { name: 'High', tone: 'bad' },
  medium: { name: 'Medium', tone: 'warning' },
  low: { name: 'Low', tone: 'active' },
  informational: { name: 'Informational', tone: 'neutral' },
  unknown: { name: 'Unknown', tone: 'neutral' },
};

export const severityNames = Object.keys(severities) as Severity[];

export function severityFace(severity: Severity): Face {
  return severities[severity];
}

/** `Impossible travel, Phishing, and 3 more`. */
export function alertNamesText({
  alert_names: names,
  count_alert_names: count,
}: Pick<MatchedIndicator, 'alert_names' | 'count_alert_names'>): string {
  const rest = count - names.length;
  return names.join(', ') + (rest > 0 ? `, and ${rest} more` : '');
}

export const matchHeading: readonly string[] = [
  'Indicator',
  'Type',
  'Owner',
  'Query',
  'Match',
  'Alerts',
  'Severity',
  'Alert Names',
  'First',
  'Last',
  'Newest Alert',
  'In ThreatConnect',
];

/** A matched Indicator as a line of a file; times are as the API has them. */
export function matchCells(matched: MatchedIndicator): Cell[] {
  return [
    matched.summary,
    typeLabel(matched.type ?? ''),
    matched.owner,
    matched.query?.label ?? 'Deleted query',
    matchFace(matched.kind).name,
    matched.count_alerts,
    severityFace(matched.severity).name,
    alertNamesText(matched),
    matched.date_first,
    matched.date_last,
    matched.alert_link,
    matched.web_link,
  ];
}
