/** Opens the details of a Job; from the details of another one, beside the same list. */
import { Link } from '../../components/Link';
import { formatHash } from '../../lib/route';
import { useRoute } from '../../shell/router';

export function JobLink({ requestId }: { requestId: string }) {
  const { path, params } = useRoute();
  const next = new URLSearchParams(path === 'jobs' ? params : undefined);
  next.set('open', requestId);
  return (
    <Link isMono href={formatHash('jobs', next)}>
      {requestId}
    </Link>
  );
}
