/** The TQL query that an object was sent for. */
import type { QueryMark } from '../../api/model';
import { QueryName } from '../../components/QueryName';

interface TakenByProps {
  position: number | null;
  /** Those that are saved. */
  queries: readonly QueryMark[];
}

export function TakenBy({ position, queries }: TakenByProps) {
  const query = queries.find((each) => each.position === position);
  if (query === undefined) return 'A deleted query';
  return <QueryName position={position} query={query} isDisabled={!query.is_enabled} />;
}
