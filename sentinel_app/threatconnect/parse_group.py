"""Parsing of v3 rows into the Groups that are threat actors, and their profiles.

Required values are checked, and their absence is an error; other invalid values are dropped. Rows
are untrusted: no type is assumed.

Source: ThreatConnect REST API v3, Groups: "Group Fields", "Retrieve Groups" and "Threat Actor
Profiles".
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Final, NoReturn

from sentinel_app.core.actor_group import ActorGroup, ActorProfile
from sentinel_app.core.context_choice import ActorGroupType
from sentinel_app.errors import SkippableError
from sentinel_app.threatconnect.member import (
    attributes_of,
    elements_of,
    is_id,
    known_text,
    known_time,
    security_labels_of,
    tags_of,
)

FIELDS: Final = ('attributes', 'securityLabels', 'sightings', 'tags')
"""Values of `fields=`: exactly the mapped properties that are not returned by default."""

PROFILE_FIELDS: Final = ('aliases', 'common')
"""Values of `fields=` for the profile of a Group, its aliases included."""

PROFILE: Final = 'commonGroup'
"""Member of a row with the profile of the Group."""

_TYPES: Final = {str(kind): kind for kind in ActorGroupType}
_ALIASES: Final = 'Aliases'
_DESCRIPTION: Final = 'Description'
_SEPARATOR: Final = re.compile(r'[\r\n,;]+')


def parse_group(row: Mapping[str, object], profile: ActorProfile | None = None) -> ActorGroup:
    """Parse one row into a Group.

    Args:
        row: one element of `data`; any member may be missing.
        profile: the profile of the Group.

    Raises:
        SkippableError: a required value is missing or invalid, or the type is none of threat
            actors.
    """
    number = row.get('id')
    if not is_id(number):
        _fail('id')
    kind = _TYPES.get(known_text(row.get('type')) or '')
    if kind is None:
        _fail('type')
    labels, are_labels_known = security_labels_of(row)
    return ActorGroup(
        id=number,
        type=kind,
        name=_required_text(row, 'name'),
        owner_name=_required_text(row, 'ownerName'),
        added_at=_required_time(row, 'dateAdded'),
        modified_at=_required_time(row, 'lastModified'),
        web_link=known_text(row.get('webLink')),
        description=_description(row),
        aliases=tuple(_aliases(row)),
        tags=tags_of(row),
        security_labels=labels,
        are_labels_known=are_labels_known,
        first_seen=known_time(row.get('firstSeen')),
        last_seen=known_time(row.get('lastSeen')),
        profile=profile,
    )


def parse_profile(row: Mapping[str, object]) -> ActorProfile | None:
    """Return the profile in the row of a Group; None without one."""
    common = row.get(PROFILE)
    if not isinstance(common, dict):
        return None
    return ActorProfile(
        name=known_text(common.get('name')),
        description=known_text(common.get('description')),
        mitre_id=known_text(common.get('mitreId')),
        mitre_link=known_text(common.get('mitreLink')),
        aliases=tuple(_profile_aliases(common)),
    )


def _profile_aliases(common: Mapping[str, object]) -> Iterator[str]:
    # Only `mitreAliases` is documented by name; custom aliases are in a collection like it.
    for name in sorted(common, key=lambda name: (name != 'mitreAliases', name)):
        for element in elements_of(common, name):
            alias = known_text(element.get('alias')) if isinstance(element, dict) else None
            if alias is not None:
                yield alias


def _aliases(row: Mapping[str, object]) -> Iterator[str]:
    for attribute in attributes_of(row):
        if attribute.type == _ALIASES:
            for text in _SEPARATOR.split(attribute.value):
                alias = known_text(text)
                if alias is not None:
                    yield alias.strip()


def _description(row: Mapping[str, object]) -> str | None:
    """Return the description that ThreatConnect shows, or else the first one."""
    first: str | None = None
    for element in elements_of(row, 'attributes'):
        if isinstance(element, dict) and element.get('type') == _DESCRIPTION:
            text = known_text(element.get('value'))
            if text is not None and element.get('default') is True:
                return text
            first = text if first is None else first
    return first


def _required_text(row: Mapping[str, object], name: str) -> str:
    text = known_text(row.get(name))
    if text is None:
        _fail(name)
    return text


def _required_time(row: Mapping[str, object], name: str) -> dt.datetime:
    at = known_time(row.get(name))
    if at is None:
        _fail(name)
    return at


def _fail(field: str) -> NoReturn:
    raise SkippableError(
        f'The Group has no usable {field}. Correct it in ThreatConnect.', context={'field': field}
    )
