/** The query of a Job by what it is called now; its place then only where that differs. */
import type { Job } from '../../api/model';
import { OwnerNames } from '../../components/OwnerNames';
import { QueryName } from '../../components/QueryName';
import classes from './JobQueryName.module.css';

export function JobQueryName({ query }: { query: Job['query'] }) {
  const { position, current_position: current } = query;
  const was = `was query ${position + 1}`;
  const aside = current === null ? `deleted, ${was}` : current === position ? null : was;
  return (
    <div>
      <QueryName position={current} query={query} isExplained />
      {/* Queries without a name may have the same TQL for different owners. */}
      {query.name === null && query.tql.trim() !== '' && (
        <div className={classes.aside}>
          <OwnerNames names={query.owners} />
        </div>
      )}
      {aside !== null && <div className={classes.aside}>{aside}</div>}
    </div>
  );
}
