"""Threat actors: one for all Groups that stand for the same actor.

ThreatConnect has an actor once for each owner and type, so Groups with the same MITRE id, or else
the same name, are merged. Different actors of the same name cannot be told apart and become one.

Source: STIX 2.1, section 4.17 (threat actor).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from sentinel_app.core.actor_group import ActorGroup, ActorProfile
from sentinel_app.core.context_key import ContextKey, ContextKind
from sentinel_app.core.context_name import folded_name, shown_name
from sentinel_app.core.context_object import context_object
from sentinel_app.core.description import DESCRIPTION_LIMIT
from sentinel_app.core.label import kept_labels, labels_of
from sentinel_app.core.text import fits, shortened
from sentinel_app.core.timestamp import to_millis
from sentinel_app.core.tlp import Tlp, strictest

MOST_ALIASES: Final = 50
"""Maximum aliases of an actor."""

ALIAS_LIMIT: Final = 200
"""Maximum characters of an alias in UTF-16; a longer text is prose and left out."""

MOST_WEB_LINKS: Final = 10
"""Maximum links to the merged Groups."""

LINK_LIMIT: Final = 2000
"""Maximum characters of a link; a longer one is left out."""

_MITRE_ID: Final = re.compile('G[0-9]{4}')
# Source: RFC 3986, with http and https alone, and without the user information of its `authority`,
# which may be a password.
_CHARACTER: Final = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})"
_LINK: Final = re.compile(
    rf'(?i:https?)://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?'
    rf'(?:[/?]{_CHARACTER}*)?(?:#{_CHARACTER}*)?'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreatActor:
    """What the Groups of one key say together."""

    key: ContextKey
    name: str
    added_at: dt.datetime
    """When the first of them was added."""
    modified_at: dt.datetime
    """When the last of them was modified."""
    author: str
    """Owner of the Group that was added first."""
    description: str | None = None
    aliases: tuple[str, ...] = ()
    first_seen: dt.datetime | None = None
    last_seen: dt.datetime | None = None
    labels: tuple[str, ...] = ()
    mitre_id: str | None = None
    mitre_link: str | None = None
    web_links: tuple[str, ...] = ()
    tlp: Tlp | None = None
    """The strictest level of all."""


def is_actor(group: ActorGroup) -> bool:
    """Return whether a Group has a name to read, without which it stands for no actor."""
    return bool(folded_name(_name(group)))


def actor_key(group: ActorGroup) -> ContextKey:
    """Return the key of a Group's actor: its MITRE id, or else its name in any spelling.

    Raises:
        ValueError: the Group is no actor; see `is_actor`.
    """
    name = folded_name(_name(group))
    if not name:
        raise ValueError(f'the Group {group.id} has no name to read')
    mitre_id = None if group.profile is None else _mitre_id(group.profile)
    # Each text begins with what it is, so that no name can be taken for an id.
    text = f'name|{name}' if mitre_id is None else f'mitre|{mitre_id}'
    return ContextKey(ContextKind.ACTOR, text)


def merged(groups: Sequence[ActorGroup]) -> ThreatActor:
    """Return the actor of Groups, in whatever order they are given.

    Where Groups differ, that which was added first comes first; but a profile comes before what
    single Groups say.

    Args:
        groups: the Groups of one key, with different ids.

    Raises:
        ValueError: there are none, or they have different keys or none.
    """
    keys = {actor_key(group) for group in groups}
    if len(keys) != 1:
        raise ValueError('an actor is made of the Groups of exactly one key')
    ordered = sorted(groups, key=lambda group: (group.added_at, group.id))
    profiles = [group.profile for group in ordered if group.profile is not None]
    first_seen, last_seen = _seen(ordered)
    name = shown_name(_first(map(_profile_name, ordered)) or ordered[0].name)
    mitre_id = _first(map(_mitre_id, profiles))
    return ThreatActor(
        key=keys.pop(),
        name=name,
        added_at=ordered[0].added_at,
        modified_at=max(group.modified_at for group in ordered),
        author=ordered[0].owner_name,
        description=_description([*profiles, *ordered]),
        aliases=_aliases(ordered, profiles, name),
        first_seen=first_seen,
        last_seen=last_seen,
        labels=_labels(ordered),
        mitre_id=mitre_id,
        mitre_link=None
        if mitre_id is None
        else _first(_links(each.mitre_link for each in profiles)),
        web_links=_links(group.web_link for group in ordered)[:MOST_WEB_LINKS],
        tlp=strictest(chain.from_iterable(group.security_labels for group in ordered)),
    )


def actor_object(
    actor: ThreatActor,
    *,
    object_id: str,
    author_ref: str,
    created_at: dt.datetime,
    modified_at: dt.datetime,
    is_revoked: bool = False,
) -> dict[str, object]:
    """Return the `threat-actor` object of an actor.

    Args:
        actor: the actor.
        object_id: the id of its key.
        author_ref: the id of the identity of its author.
        created_at: never changes for one id.
        modified_at: if it is before `created_at`, that is taken.
        is_revoked: whether it is withdrawn.
    """
    content: dict[str, object] = {'name': actor.name}
    if actor.description is not None:
        content['description'] = actor.description
    if actor.aliases:
        content['aliases'] = list(actor.aliases)
    if actor.first_seen is not None:
        content['first_seen'] = to_millis(actor.first_seen)
    if actor.last_seen is not None:
        content['last_seen'] = to_millis(actor.last_seen)
    content['labels'] = list(actor.labels)
    content['lang'] = 'en'
    if references := _references(actor):
        content['external_references'] = references
    return context_object(
        ContextKind.ACTOR,
        content,
        object_id=object_id,
        author_ref=author_ref,
        tlp=actor.tlp,
        created_at=created_at,
        modified_at=modified_at,
        is_revoked=is_revoked,
    )


def _name(group: ActorGroup) -> str:
    """Return the name of the profile, or else of the Group."""
    return _profile_name(group) or group.name


def _profile_name(group: ActorGroup) -> str | None:
    """Return the name of the profile if there is one to read."""
    name = None if group.profile is None else group.profile.name
    return name if name is not None and folded_name(name) else None


def _mitre_id(profile: ActorProfile) -> str | None:
    """Return the MITRE id of a profile if it is a well-formed one."""
    text = (profile.mitre_id or '').strip().upper()
    return text if _MITRE_ID.fullmatch(text) else None


def _description(sources: Iterable[ActorProfile | ActorGroup]) -> str | None:
    """Return the first description, as much of it as Sentinel keeps."""
    texts = ((source.description or '').strip() for source in sources)
    return _first(shortened(text, DESCRIPTION_LIMIT) for text in texts)


def _aliases(
    ordered: Sequence[ActorGroup], profiles: Sequence[ActorProfile], name: str
) -> tuple[str, ...]:
    """Return other names: those of the profiles, of the Groups, and of their attributes."""
    names = chain(
        chain.from_iterable(profile.aliases for profile in profiles),
        (group.name for group in ordered),
        chain.from_iterable(group.aliases for group in ordered),
    )
    found: dict[str, str] = {}
    for alias in names:
        if fits(alias, ALIAS_LIMIT) and (folded := folded_name(alias)):
            found.setdefault(folded, shown_name(alias))
    found.pop(folded_name(name), None)
    return tuple(found.values())[:MOST_ALIASES]


def _seen(groups: Iterable[ActorGroup]) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Return when the actor was first and last seen; neither if that cannot be right."""
    first = [group.first_seen for group in groups if group.first_seen is not None]
    last = [group.last_seen for group in groups if group.last_seen is not None]
    if first and last and min(first) > max(last):
        return None, None
    return min(first, default=None), max(last, default=None)


def _labels(groups: Sequence[ActorGroup]) -> tuple[str, ...]:
    """Return the labels: types and owners first, as tags may take more room than there is."""
    tags = chain.from_iterable(group.tags for group in groups)
    labels = chain(
        sorted({f'tc-type:{group.type}' for group in groups}),
        sorted({f'tc-owner:{group.owner_name}' for group in groups}),
        labels_of(tags).kept,
    )
    return kept_labels(tuple(dict.fromkeys(labels))).kept


def _links(links: Iterable[str | None]) -> tuple[str, ...]:
    """Return the different links that can be right."""
    return tuple(
        dict.fromkeys(
            link
            for link in links
            if link is not None and len(link) <= LINK_LIMIT and _LINK.fullmatch(link)
        )
    )


def _first(values: Iterable[str | None]) -> str | None:
    return next(filter(None, values), None)


def _references(actor: ThreatActor) -> list[dict[str, str]]:
    references = []
    if actor.mitre_id is not None:
        references.append({'source_name': 'mitre-attack', 'external_id': actor.mitre_id})
        if actor.mitre_link is not None:
            references[0]['url'] = actor.mitre_link
    references += [{'source_name': 'ThreatConnect', 'url': link} for link in actor.web_links]
    return references
