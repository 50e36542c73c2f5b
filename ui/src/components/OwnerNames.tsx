/** Names of owners; each keeps its own direction, so that one in Hebrew turns no other around. */
import { Fragment } from 'react';

interface OwnerNamesProps {
  names: readonly string[];
  /** How many are named; the others are counted. */
  most?: number | undefined;
}

export function OwnerNames({ names, most = names.length }: OwnerNamesProps) {
  const left = names.length - most;
  return (
    <>
      {names.slice(0, most).map((name, index) => (
        <Fragment key={name}>
          {index > 0 && ', '}
          <bdi>{name}</bdi>
        </Fragment>
      ))}
      {left > 0 && `, and ${left} more`}
    </>
  );
}
