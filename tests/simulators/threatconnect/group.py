"""One Group: its types, its properties, and its JSON for a given set of extra fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.simulators.threatconnect.predicate import Data, elements
from tests.simulators.threatconnect.row import HOST

TYPES = (
    'Adversary', 'Attack Pattern', 'Campaign', 'Course of Action', 'Document', 'Email', 'Event',
    'Incident', 'Intrusion Set', 'Malware', 'Report', 'Signature', 'Tactic', 'Task', 'Threat',
    'Tool', 'Vulnerability',
)  # fmt: skip
PROFILED_TYPES = ('Adversary', 'Intrusion Set', 'Threat')
"""Types whose Groups a Threat Actor Profile can join."""

_DEFAULTS = (
    'id', 'dateAdded', 'ownerId', 'ownerName', 'webLink', 'type', 'xid', 'name', 'createdBy',
    'upVoteCount', 'downVoteCount', 'lastModified', 'legacyLink',
)  # fmt: skip
_EXTRAS: dict[str, tuple[str, ...]] = {
    'Campaign': ('firstSeen',),
    'Document': ('fileName', 'fileSize', 'status', 'documentType', 'documentDateAdded'),
    'Email': ('from', 'subject', 'header', 'body'),
    'Event': ('status', 'eventDate'),
    'Incident': ('status', 'eventDate'),
    'Report': (
        'fileName', 'fileSize', 'status', 'documentType', 'documentDateAdded', 'generatedReport',
        'publishDate',
    ),
    'Signature': ('fileName', 'fileType', 'fileText'),
    'Task': ('status', 'dueDate', 'escalationDate', 'reminderDate'),
}  # fmt: skip
"""What some types show besides, by default."""
_SCALARS: dict[str, tuple[str, ...]] = {
    'sightings': ('firstSeen', 'lastSeen'),
    'externalDates': ('externalDateAdded', 'externalLastModified', 'externalDateExpires'),
}
_NESTED = ('attributes', 'securityLabels', 'tags')
_ASSOCIATED = (
    'associatedArtifacts', 'associatedCases', 'associatedGroups', 'associatedIndicators',
    'associatedVictimAssets',
)  # fmt: skip
PROFILE_FIELDS = frozenset(('common', 'aliases', 'linkedGroups'))
"""Names that an instance without Threat Actor Profiles does not know."""
FIELDS = frozenset((*_SCALARS, *_NESTED, *_ASSOCIATED, *PROFILE_FIELDS))
"""What `fields` takes."""
ASSOCIATIONS = frozenset((*_ASSOCIATED, 'linkedGroups'))

_KNOWN = frozenset(
    (*_DEFAULTS, *_NESTED, *(name for names in (*_EXTRAS.values(), *_SCALARS.values())
                             for name in names))
)  # fmt: skip
IDENTIFYING = frozenset(('id', 'type', 'ownerId', 'ownerName'))
"""What an update of a Group cannot change."""

LABEL_COLORS = {
    'TLP:RED': 'FF2B2B',
    'TLP:AMBER': 'FFC000',
    'TLP:AMBER+STRICT': 'FFC000',
    'TLP:GREEN': '33FF00',
    'TLP:CLEAR': 'FFFFFF',
    'TLP:WHITE': 'FFFFFF',
}


class Group:
    """One Group; a change makes a new one, so that a reply never shows half of one."""

    __slots__ = ('data', 'id')

    def __init__(self, data: Data) -> None:
        self.data = data
        self.id: int = data['id']


def complete(group: Mapping[str, Any], now: str) -> dict[str, Any]:
    """Fill in what a Group does not say; its id and owner are there already.

    Raises:
        ValueError: an unknown type or property, or no name.
    """
    data = {key: value for key, value in group.items() if value is not None}
    check(data)
    if data.get('type') not in TYPES:
        raise ValueError(f'{data.get("type")!r} is no type of Group')
    if not data.get('name'):
        raise ValueError('a Group without a name')
    added = data.setdefault('dateAdded', now)
    data.setdefault('lastModified', added)
    owner = data['ownerName']
    user = {'userName': 'analyst', 'firstName': 'Demo', 'lastName': 'Analyst', 'owner': owner}
    data.setdefault('createdBy', {'id': 31, **user})
    data.setdefault('upVoteCount', '0')
    data.setdefault('downVoteCount', '0')
    data.setdefault('webLink', f'https://{HOST}/#/details/groups/{data["id"]}/overview')
    page = data['type'].replace(' ', '').lower()
    link = f'https://{HOST}/auth/{page}/{page}.xhtml?{page}={data["id"]}'
    data.setdefault('legacyLink', link)
    return _with_collections(data)


def changed(data: Data, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a Group with other properties; None takes a property away.

    Raises:
        ValueError: an unknown property, or one that identifies a Group.
    """
    check(changes)
    if not changes.keys().isdisjoint(IDENTIFYING):
        raise ValueError('what identifies a Group cannot change')
    if not changes.get('name', 'unchanged'):
        raise ValueError('a Group without a name')
    merged = {**data, **changes}
    return _with_collections({key: value for key, value in merged.items() if value is not None})


def check(properties: Iterable[str]) -> None:
    """Refuse a property that no Group has.

    Raises:
        ValueError: with its name.
    """
    unknown = set(properties) - _KNOWN
    if unknown:
        raise ValueError(f'a Group has no {", ".join(sorted(unknown))}')


def _with_collections(data: dict[str, Any]) -> dict[str, Any]:
    for name in _NESTED:
        members = elements(data, name)
        data[name] = {'data': members} if members else {}
    return data


def security_label(name: str) -> dict[str, Any]:
    """Return a label as a Group has it."""
    return {
        'id': 1 + sorted(LABEL_COLORS).index(name) if name in LABEL_COLORS else 90,
        'name': name,
        'color': LABEL_COLORS.get(name, '999999'),
        'owner': 'System',
        'dateAdded': '2016-08-31T00:00:00Z',
    }


def nested(data: Data) -> dict[str, Any]:
    """Return a Group as an Indicator's `associatedGroups` have it.

    What a further level asks for is with it, and is left out where nobody asks.
    """
    names = (*_DEFAULTS, *_EXTRAS.get(data['type'], ()), *_NESTED)
    return {name: data[name] for name in names if name in data}


def render(
    data: Data,
    fields: frozenset[str],
    *,
    indicators: Callable[[], list[dict[str, Any]]],
    common: Callable[[], dict[str, Any] | None],
) -> bytes:
    """Write one Group as JSON: default properties, then what the fields add; no nulls.

    Args:
        data: the Group.
        fields: extra data asked for.
        indicators: returns the associated Indicators that may show.
        common: returns its profile, if it has one.
    """
    names = (*_DEFAULTS, *_EXTRAS.get(data['type'], ()))
    out = {name: data[name] for name in names if name in data}
    for field in sorted(fields):
        if field in _SCALARS:
            out |= {name: data[name] for name in _SCALARS[field] if name in data}
        elif field in _NESTED:
            out[field] = shown(data, field, fields)
        elif field in _ASSOCIATED:
            members = indicators() if field == 'associatedIndicators' else []
            out[field] = {'data': members} if members else {}
    if 'common' in fields and (profile := common()) is not None:
        out['commonGroup'] = profile
    return json.dumps(out, ensure_ascii=False, separators=(',', ':')).encode()


def shown(data: Data, collection: str, fields: frozenset[str]) -> dict[str, Any]:
    """Return a collection without the deeper ones that nobody asked for."""
    members = [
        {
            key: value
            for key, value in member.items()
            if key not in FIELDS or f'{collection}.{key}' in fields
        }
        for member in elements(data, collection)
    ]
    return {'data': members} if members else {}


def check_fields(
    names: Iterable[str], *, has_profiles: bool, exceeds_link_limit: bool = False
) -> frozenset[str]:
    """Check what was asked for and add the root of each dotted name.

    Raises:
        ValueError: an unknown name, or more than one association level.
    """
    known = FIELDS if has_profiles else FIELDS - PROFILE_FIELDS
    wanted: set[str] = set()
    for name in names:
        root, *rest = name.split('.')
        if root not in known or any(part not in known for part in rest):
            raise ValueError(f'unknown field "{name}"')
        levels = sum(part in ASSOCIATIONS for part in (root, *rest))
        if levels > 1 and not exceeds_link_limit:
            raise ValueError(f'"{name}" asks for more than one association level')
        wanted |= {root, name}
    return frozenset(wanted)
