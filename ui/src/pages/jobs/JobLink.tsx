/** Opens the details of another Job beside the same list. */
import { formatHash } from '../../lib/route';
import { useRoute } from '../../shell/router';

export function JobLink({ requestId }: { requestId: string }) {
  const { params } = useRoute();
  const next = new URLSearchParams(params);
  next.set('open', requestId);
  return (
    <a className="app-link app-mono" href={formatHash('jobs', next)}>
      {requestId}
    </a>
  );
}
