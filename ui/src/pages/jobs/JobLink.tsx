/** Opens the details of a Job; from the details of another one, beside the same list. */
import { formatHash } from '../../lib/route';
import { useRoute } from '../../shell/router';

export function JobLink({ requestId }: { requestId: string }) {
  const { path, params } = useRoute();
  const next = new URLSearchParams(path === 'jobs' ? params : undefined);
  next.set('open', requestId);
  return (
    <a className="app-link app-mono" href={formatHash('jobs', next)}>
      {requestId}
    </a>
  );
}
