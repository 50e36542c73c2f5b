"""Groups around the Indicators of a demonstration: actors of invented names, and other things.

The Indicators stay as they are, but for the Groups that they are associated with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tests.simulators.demo import OWNERS, Row
from tests.simulators.threatconnect import Store
from tests.simulators.threatconnect.group import security_label
from tests.simulators.threatconnect.group_store import FIRST_GROUP_ID

HERON, HERON_OF_RESEARCH, LANTERN, FINCH, LYNX, LOADER, LEDGER, PHISHING = (
    FIRST_GROUP_ID + number for number in range(8)
)
_ADDED = '2025-01-05T00:00:00Z'
_GROUPS: tuple[Row, ...] = (
    {
        'id': HERON,
        'owner': 101,
        'type': 'Adversary',
        'name': 'Marble Heron',
        'firstSeen': '2023-04-01T00:00:00Z',
        'lastSeen': '2025-02-01T00:00:00Z',
        'texts': {
            'Description': 'Patient, well funded, and fond of **invoices**.',
            'Aliases': 'MH-12\nStone Heron',
        },
        'labels': ['TLP:GREEN'],
    },
    {
        'id': HERON_OF_RESEARCH,
        'owner': 102,
        'type': 'Intrusion Set',
        'name': 'MARBLE  HERON',
        'texts': {'Description': 'The same actor, as another team sees it.'},
        'labels': ['TLP:AMBER'],
        'tags': [{'id': 52, 'name': 'Phishing', 'techniqueId': 'T1566'}],
    },
    {
        'id': LANTERN,
        'owner': 102,
        'type': 'Threat',
        'name': 'Quiet Lantern',
        'texts': {'Description': 'Nobody else is to know this name.'},
        'labels': ['TLP:RED'],
    },
    {
        'id': FINCH,
        'owner': 103,
        'type': 'Intrusion Set',
        'name': 'Copper Finch',
        'texts': {'Aliases': 'CF; Finch of Copper, Kupferfink'},
    },
    {'id': LYNX, 'owner': 101, 'type': 'Threat', 'name': 'Paper Lynx'},
    {'id': LOADER, 'owner': 101, 'type': 'Malware', 'name': 'HeronLoader'},
    {'id': LEDGER, 'owner': 103, 'type': 'Campaign', 'name': 'Autumn Ledger'},
    {'id': PHISHING, 'owner': 102, 'type': 'Attack Pattern', 'name': 'Phishing with invoices'},
)
_PROFILE: Row = {
    'groups': [HERON, HERON_OF_RESEARCH],
    'name': 'Marble Heron',
    'description': 'One profile of what two owners know.',
    'priority': 'HIGH',
    'mitreId': 'G9012',
    'mitreLink': 'https://attack.example.test/groups/G9012',
    'externalDateAdded': '2023-05-01T00:00:00Z',
    'externalLastModified': '2025-02-10T00:00:00Z',
    'mitre_aliases': ['Marble Heron', 'MH-12'],
    'custom_aliases': ['Garden Heron'],
}
_AT: tuple[tuple[int, int, tuple[int, ...]], ...] = (
    (8, 0, (HERON,)),
    (8, 1, (HERON_OF_RESEARCH, HERON, PHISHING)),
    (12, 5, (LYNX, LOADER)),
    (16, 3, (FINCH, LEDGER)),
)
"""Every so many Indicators, from which on, and the Groups of these."""


def demo_store(rows: Sequence[Row]) -> Store:
    """Return these Indicators as ThreatConnect holds them, with the Groups around them.

    Args:
        rows: v3 objects, as `demo.load_indicators` gives them. What is written out as an associated
            Group in them becomes a Group.
    """
    return Store(**related_rows(rows))


def related_rows(rows: Sequence[Row]) -> dict[str, Any]:
    """Return what a store of these Indicators and the Groups around them is made of."""
    owners = OWNERS | {row['ownerId']: row['ownerName'] for row in rows}
    return {
        'rows': list(_related(rows)),
        'groups': [*_written_out(rows), *(_group(entry, owners) for entry in _GROUPS)],
        'profiles': [_PROFILE],
    }


def _related(rows: Sequence[Row]) -> Iterator[Row]:
    green = _first_green(rows)
    for number, row in enumerate(rows):
        ids = [
            group_id
            for every, start, group_ids in _AT
            if number % every == start
            for group_id in group_ids
        ]
        if number == green:
            ids.append(LANTERN)
        members = [*_members(row), *({'id': group_id} for group_id in ids)]
        yield row | {'associatedGroups': {'data': members} if members else {}}


def _first_green(rows: Sequence[Row]) -> int:
    """Return the place of an active Indicator that is TLP:GREEN; the first of all without one."""
    for number, row in enumerate(rows):
        labels = row.get('securityLabels', {}).get('data', ())
        if row.get('active', True) and [label['name'] for label in labels] == ['TLP:GREEN']:
            return number
    return 0


def _members(row: Row) -> Iterable[Mapping[str, Any]]:
    members: Iterable[Mapping[str, Any]] = row.get('associatedGroups', {}).get('data', ())
    return members


def _written_out(rows: Iterable[Row]) -> list[Mapping[str, Any]]:
    found = {member['id']: member for row in rows for member in _members(row)}
    return [{'dateAdded': _ADDED, **member} for member in found.values()]


def _group(entry: Row, owners: Mapping[int, str]) -> Row:
    own = {name: entry[name] for name in entry if name not in {'owner', 'texts', 'labels', 'tags'}}
    attributes = [
        {
            'id': entry['id'] * 10 + number,
            'dateAdded': _ADDED,
            'lastModified': _ADDED,
            'type': kind,
            'value': value,
            'pinned': False,
            'default': kind == 'Description',
        }
        for number, (kind, value) in enumerate(entry.get('texts', {}).items())
    ]
    return {
        **own,
        'ownerName': owners[entry['owner']],
        'dateAdded': _ADDED,
        'lastModified': '2025-02-15T10:00:00Z',
        'attributes': attributes,
        'securityLabels': [security_label(name) for name in entry.get('labels', ())],
        'tags': entry.get('tags', []),
    }
