/** All Groups of ThreatConnect that are one threat actor: different ones of a name are among them. */
import { VisuallyHidden } from '@mantine/core';

import type { ActorGroup } from '../api/model';
import { webAddress } from '../lib/link';
import classes from './GroupList.module.css';
import { Icon } from './Icon';
import { Link } from './Link';
import { PlainList } from './PlainList';
import { Words } from './Words';

interface GroupListProps {
  /** Of which actor, for those who cannot see it. */
  of: string;
  groups: readonly ActorGroup[];
}

export function GroupList({ of, groups }: GroupListProps) {
  return (
    <PlainList className={classes.list} aria-label={`Groups of ${of}`}>
      {groups.map((group) => (
        <li key={group.id} className={classes.item}>
          <GroupName group={group} />{' '}
          <span className={classes.aside}>
            {group.type} in <Words>{group.owner}</Words>
          </span>
        </li>
      ))}
    </PlainList>
  );
}

function GroupName({ group }: { group: ActorGroup }) {
  const address = webAddress(group.web_link);
  if (address === null) return <Words>{group.name}</Words>;
  return (
    <Link href={address} target="_blank" rel="noreferrer" title="Open in ThreatConnect">
      <Words>{group.name}</Words> <Icon name="external" size={12} />
      <VisuallyHidden>, in ThreatConnect, in a new tab</VisuallyHidden>
    </Link>
  );
}
