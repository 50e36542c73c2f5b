/** Names of owners; each keeps its own direction, so that one in Hebrew turns no other around. */
import { Fragment } from 'react';

export function OwnerNames({ names }: { names: readonly string[] }) {
  return names.map((name, index) => (
    <Fragment key={name}>
      {index > 0 && ', '}
      <bdi>{name}</bdi>
    </Fragment>
  ));
}
