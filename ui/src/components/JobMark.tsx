/** The beginning of a Request ID, which leads to its Job. */
import { formatHash } from '../lib/route';
import { Link } from './Link';

export function JobMark({ requestId }: { requestId: string }) {
  return (
    <Link
      isMono
      href={formatHash('jobs', { open: requestId })}
      aria-label={`Job ${requestId}`}
      title={requestId}
    >
      {requestId.slice(0, 8)}
    </Link>
  );
}
