/** How sure a match is, and how severe an alert. */
import type { MatchedAlert } from '../api/model';
import { matchFace, severityFace } from '../lib/match';
import { StatusBadge } from './StatusBadge';

export function MatchBadge({ kind }: Pick<MatchedAlert, 'kind'>) {
  const face = matchFace(kind);
  return (
    <StatusBadge tone={face.tone} icon={face.icon}>
      {face.name}
    </StatusBadge>
  );
}

export function SeverityBadge({ severity }: Pick<MatchedAlert, 'severity'>) {
  const face = severityFace(severity);
  return (
    <StatusBadge tone={face.tone} icon="alert">
      {face.name}
    </StatusBadge>
  );
}
