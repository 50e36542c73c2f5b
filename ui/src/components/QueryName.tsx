/** A TQL query by its number and its name; without a name, by what it asks for. */
import { Tooltip } from '@mantine/core';

import type { LabelScope, QueryMark } from '../api/model';
import { typeLabel } from '../lib/label';
import { scopeWords, tqlWords, type Nameable } from '../lib/queryName';
import { Mono } from './Mono';
import { OwnerNames } from './OwnerNames';
import { Position } from './Position';
import classes from './QueryName.module.css';

type Named = Nameable | Pick<QueryMark, 'label' | 'label_scope'>;

/** Owners that a sentence names. */
const MOST_INLINE = 3;

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
    const words = <Words query={query} mostOwners={MOST_INLINE} />;
    if (position === null) return words;
    return (
      <>
        {position + 1} ({words})
      </>
    );
  }
  const name = (
    <span className={classes.name}>
      {position !== null && <Position>{position + 1}</Position>}
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

interface WordsProps {
  query: Named;
  mostOwners?: number | undefined;
}

function Words({ query, mostOwners }: WordsProps) {
  if ('label' in query) {
    if (query.label_scope === null) return <bdi>{query.label}</bdi>;
    return <Scope scope={query.label_scope} mostOwners={mostOwners} />;
  }
  if (query.name !== null) return <bdi>{query.name}</bdi>;
  const tql = tqlWords(query);
  if (tql !== null) return <Mono>{tql}</Mono>;
  return <Scope scope={query} mostOwners={mostOwners} />;
}

interface ScopeProps {
  scope: LabelScope;
  mostOwners?: number | undefined;
}

function Scope({ scope, mostOwners }: ScopeProps) {
  return (
    <>
      {scopeWords(scope)} <OwnerNames names={scope.owners} most={mostOwners} />
    </>
  );
}

function Explanation({ query }: { query: Nameable }) {
  return (
    <>
      <span className={classes.line}>
        <OwnerNames names={query.owners} />: {query.indicator_types.map(typeLabel).join(', ')}
      </span>
      {query.tql.trim() !== '' && <Mono className={classes.tql}>{query.tql}</Mono>}
    </>
  );
}
