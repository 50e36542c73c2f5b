/** How a context object stands in Sentinel. */
import type { ContextState } from '../api/model';
import { contextFace } from '../lib/context';
import { StatusBadge } from './StatusBadge';

export function ContextBadge({ state }: { state: ContextState }) {
  const face = contextFace(state);
  return (
    <StatusBadge tone={face.tone} icon={face.icon}>
      {face.name}
    </StatusBadge>
  );
}
