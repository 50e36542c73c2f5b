/** A TQL query by its number and its name; without a name, by what it asks for. */
import { Tooltip } from '@mantine/core';

import type { QueryMark } from '../api/model';
import { typeLabel } from '../lib/label';
import { scopeOfLabel, scopeWords, tqlWords, type Nameable } from '../lib/queryName';
import { OwnerNames } from './OwnerNames';
import classes from './QueryName.module.css';

type Named = Nameable | Pick<QueryMark, 'label'>;

interface QueryNameProps {
  /** 0 is the highest; `null` where the query was deleted. */
  position: number | null;
  /** Either its fields or, where only that is known, its label. */
  query: Named;
  isDisabled?: boolean;
  /** Shows owners, types and TQL on hover. Not where they stand beside it. */
  isExplained?: boolean;
  /** As words of a sentence: `1 (Hosts)`. */
  isInline?: boolean;
}

export function QueryName({ position, query, isDisabled, isExplained, isInline }: QueryNameProps) {
  if (isInline === true) {
    if (position === null) return <Words query={query} />;
    return (
      <>
        {position + 1} (<Words query={query} />)
      </>
    );
  }
  const name = (
    <span className={classes.name}>
      {position !== null && <span className="app-position">{position + 1}</span>}
      <span>
        <span className={classes.words}>
          <Words query={query} />
        </span>
        {isDisabled === true && <span className={classes.aside}> (disabled)</span>}
      </span>
    </span>
  );
  if (isExplained !== true || 'label' in query) return name;
  return (
    <Tooltip label={<Explanation query={query} />} multiline maw={420}>
      {name}
    </Tooltip>
  );
}

function Words({ query }: { query: Named }) {
  if ('label' in query) return <Label label={query.label} />;
  if (query.name !== null) return <bdi>{query.name}</bdi>;
  const tql = tqlWords(query);
  if (tql !== null) return <bdi className="app-mono">{tql}</bdi>;
  return (
    <>
      {scopeWords(query)} <OwnerNames names={query.owners} />
    </>
  );
}

function Label({ label }: { label: string }) {
  const scope = scopeOfLabel(label);
  if (scope === null) return <bdi>{label}</bdi>;
  return (
    <>
      {scope.words} <OwnerNames names={scope.owners} />
    </>
  );
}

function Explanation({ query }: { query: Nameable }) {
  return (
    <>
      <span className={classes.line}>
        <OwnerNames names={query.owners} />: {query.indicator_types.map(typeLabel).join(', ')}
      </span>
      {query.tql.trim() !== '' && <span className="app-mono app-tip-tql">{query.tql}</span>}
    </>
  );
}
