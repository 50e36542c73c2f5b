/** The columns of the threat actors. */
import { ActionIcon, VisuallyHidden } from '@mantine/core';

import type { Actor } from '../../api/model';
import { ContextBadge } from '../../components/ContextBadge';
import type { Column } from '../../components/DataTable';
import { Help } from '../../components/Help';
import { Icon } from '../../components/Icon';
import { NumberText } from '../../components/NumberText';
import { Words } from '../../components/Words';
import { counted, formatCount } from '../../lib/number';
import classes from './ContextPage.module.css';

type Toggle = (actor: Actor) => void;

/** The columns; at the left the button that opens the Groups and the Indicators. */
export function actorColumns(openId: string | null, onToggle: Toggle): Column<Actor>[] {
  return [
    {
      key: 'open',
      heading: <VisuallyHidden>Details</VisuallyHidden>,
      width: 36,
      cell: (actor) => (
        <ActionIcon
          variant="subtle"
          size="sm"
          color="gray"
          aria-label={`Groups and Indicators of ${actor.name}`}
          aria-expanded={actor.id === openId}
          onClick={() => onToggle(actor)}
        >
          <Icon name={actor.id === openId ? 'chevronDown' : 'chevronRight'} />
        </ActionIcon>
      ),
    },
    {
      key: 'name',
      heading: 'Threat Actor',
      sort: 'name',
      cell: (actor) => (
        <>
          <span className={classes.name} title={actor.name}>
            <Words>{actor.name}</Words>
          </span>
          {actor.aliases.length > 0 && (
            <span className={classes.aside} title={actor.aliases.join(', ')}>
              <span className={classes.name}>
                Also <bdi>{actor.aliases.join(', ')}</bdi>
              </span>
            </span>
          )}
        </>
      ),
    },
    {
      key: 'state',
      heading: (
        <>
          State <Help topic="Context state" />
        </>
      ),
      label: 'State',
      width: 168,
      cell: (actor) => (
        <>
          <ContextBadge state={actor.state} />
          {actor.refusal !== null && actor.state !== 'refused' && (
            <span className={classes.aside}>Newest version refused</span>
          )}
        </>
      ),
    },
    {
      key: 'groups',
      heading: 'Groups',
      width: '24%',
      cell: (actor) => <GroupSummary actor={actor} />,
    },
    {
      key: 'tlp',
      heading: (
        <>
          TLP <Help topic="TLP" />
        </>
      ),
      label: 'TLP',
      width: 130,
      cell: ({ tlp }) => tlp ?? 'None',
    },
    {
      key: 'objects',
      heading: 'Objects',
      sort: 'objects',
      align: 'right',
      width: 96,
      cell: (actor) => <NumberText>{formatCount(actor.count_objects)}</NumberText>,
    },
  ];
}

/** How many Groups were merged, and of which owners, before anybody opens them. */
function GroupSummary({ actor: { groups } }: { actor: Actor }) {
  if (groups.length === 0) return 'None any more';
  const owners = [...new Set(groups.map(({ owner }) => owner))].join(', ');
  return (
    <>
      {counted(groups.length, 'Group')}
      <span className={classes.aside} title={owners}>
        <span className={classes.name}>
          in <bdi>{owners}</bdi>
        </span>
      </span>
    </>
  );
}
