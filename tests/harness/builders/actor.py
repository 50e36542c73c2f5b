"""Builders of the Groups that are threat actors, with sensible defaults."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sentinel_app.core.actor_group import ActorGroup, ActorProfile
from sentinel_app.core.context_choice import ActorGroupType
from sentinel_app.core.context_key import identity_key
from sentinel_app.core.threat_actor import ThreatActor, actor_object

GROUP_ID = 9007199254740993
ADDED = dt.datetime(2025, 2, 3, 4, 5, 6, tzinfo=dt.UTC)
MODIFIED = dt.datetime(2025, 6, 7, 8, 9, 10, tzinfo=dt.UTC)
PROFILE = ActorProfile(
    name='Example Bear',
    description='Known for examples.',
    mitre_id='G0021',
    mitre_link='https://attack.mitre.org/groups/G0021',
    aliases=('EB-7', 'Beispielbär'),
)


def make_group(number: int = GROUP_ID, **fields: Any) -> ActorGroup:
    """A Group; its link follows its id."""
    defaults: dict[str, Any] = {
        'id': number,
        'type': ActorGroupType.ADVERSARY,
        'name': 'Example Bear',
        'owner_name': 'Example Org',
        'added_at': ADDED,
        'modified_at': MODIFIED,
        'web_link': f'https://tc.example.test/#/details/groups/{number}/overview',
    }
    return ActorGroup(**(defaults | fields))


def make_actor_object(actor: ThreatActor, **fields: Any) -> dict[str, Any]:
    """The object of an actor, as it is first sent."""
    defaults: dict[str, Any] = {
        'object_id': actor.key.object_id(),
        'author_ref': identity_key(actor.author).object_id(),
        'created_at': actor.added_at,
        'modified_at': actor.modified_at,
    }
    return actor_object(actor, **(defaults | fields))
