"""Indicators and TQL queries for demonstrations and tests, in the shape of ThreatConnect v3.

Three sources: real threat research beside the project where somebody put it, a set of our own
composition, and a generator for load. The last two use documentation ranges and names only, and
are the same on every machine.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections.abc import Iterator, Mapping
from itertools import cycle, islice
from pathlib import Path
from typing import Any

Row = dict[str, Any]

REAL_DATA = Path(__file__).resolve().parents[3] / 'shared' / 'data' / 'eset-indicators.jsonl.gz'
"""Beside the project's folder, not in it."""
FIRST_ID = 2**53 + 1
TYPES = (
    'Address', 'EmailAddress', 'File', 'Host', 'URL', 'ASN', 'CIDR', 'Email Subject',
    'Registry Key',
)  # fmt: skip
OWNERS = {101: 'Demo Organization', 102: 'Demo Research', 103: 'OSINT Community'}
_SEED = 20250301

_TECHNIQUES = (
    ('T1566', 'Phishing'),
    ('T1059.001', 'Command and Scripting Interpreter: PowerShell'),
    ('T1055.005', 'Process Injection: Thread Local Storage'),
    ('T1071.001', 'Application Layer Protocol: Web Protocols'),
    ('T1547.001', 'Boot or Logon Autostart Execution: Registry Run Keys / Startup Folder'),
)
_TAGS = (
    'Botnet', 'Ransomware', 'C2, beaconing', 'Größe "XL"', 'фишинг', 'R&D/lab',
    'T1059 - Command and Scripting Interpreter - ENT - ATT&CK',
)  # fmt: skip
_LABELS = ('TLP:CLEAR', 'TLP:GREEN', 'TLP:AMBER', 'TLP:AMBER+STRICT', 'TLP:RED', 'TLP:WHITE')
_PHASES = (
    'Reconnaissance', 'Weaponization', 'Delivery', 'Exploitation', 'Installation', 'C2',
    'Actions on Objectives', 'Command and Control', 'Own Phase 8',
)  # fmt: skip
_GROUPS = (
    ('Report', 'Weekly report'), ('Adversary', 'Example Bear "Ω"'), ('Campaign', 'Autumn\\Leaves'),
    ('Malware', 'DemoLoader'), ('Incident', 'Case 42: invoices & parcels'),
)  # fmt: skip
_MARKDOWN = '## Analysis\n\n' + '\n'.join(
    f'* **Step {number}**: it talks to `host-{number}.example.net` | "quoted" \\ back\\slash'
    for number in range(1, 60)
)
_ROOT = 'HKEY_LOCAL_MACHINE\\Software\\Microsoft\\Windows\\CurrentVersion\\Run'


def load_indicators(limit: int | None = None, *, own: bool = False) -> list[Row]:
    """Load the real data where they are, else our own set.

    Args:
        limit: at most so many, all types among them if there are enough.
        own: our own set in any case.

    Returns:
        v3 objects with everything that `fields` could ask for.
    """
    if REAL_DATA.exists() and not own:
        with gzip.open(REAL_DATA, 'rt', encoding='utf-8') as lines:
            rows = [json.loads(line) for line in lines]
    else:
        rows = compose()
    return rows if limit is None else _pick(rows, limit)


def _pick(rows: list[Row], limit: int) -> list[Row]:
    """Take rows of one type after the other, so that a small pick shows all of them."""
    piles = [[row for row in rows if row['type'] == name] for name in TYPES]
    picked: list[Row] = []
    for depth in range(len(rows)):
        for pile in piles:
            if depth < len(pile) and len(picked) < limit:
                picked.append(pile[depth])
        if len(picked) >= limit:
            break
    return picked


def demo_queries(rows: list[Row] | None = None) -> list[Row]:
    """Return three TQL queries that overlap, so that their precedence shows.

    Args:
        rows: what is loaded; left out, what `load_indicators()` gives. Only the owners' names
            are taken from it.
    """
    names = dict(OWNERS)
    for row in load_indicators() if rows is None else rows:
        names[row['ownerId']] = row['ownerName']
    own, research, community = (names[owner_id] for owner_id in (101, 102, 103))
    return [
        {
            'owners': [own, research],
            'indicator_types': ['Address', 'Host', 'URL', 'CIDR', 'ASN'],
            'tql': 'confidence >= 50 or hasTag(techniqueId startswith "T15")',
            'sort_field': 'threatAssessScore',
            'sort_direction': 'desc',
        },
        {
            'owners': [research, community],
            'indicator_types': ['File', 'Registry Key', 'EmailAddress', 'Email Subject', 'Host'],
            'tql': 'hasAttribute(typeName = "Phase of Intrusion" and text is not null)',
            'sort_field': 'lastModified',
            'sort_direction': 'desc',
        },
        {
            'owners': [own, research, community],
            'indicator_types': list(TYPES),
            'tql': 'rating >= 2.5 and not (summary contains "localhost")',
            'sort_field': None,
            'sort_direction': 'asc',
        },
    ]


def compose() -> list[Row]:
    """Make our own set: about 400 Indicators with everything that can be odd about one."""
    chance = random.Random(_SEED)
    rows: list[Row] = []
    row_id = FIRST_ID
    values = list(_values())
    for number, (type_name, properties) in enumerate(values):
        # Every fifth value stands in two owners, as separate rows with ids of their own.
        owner_ids = [101 + number % 3]
        if number % 5 == 0:
            owner_ids.append(101 + (number + 1) % 3)
        for owner_id in owner_ids:
            rows.append(_dress(chance, number, row_id, owner_id, type_name, properties))
            row_id += 1 if number % 2 else chance.randrange(1, 5000)
    return rows


def _values() -> Iterator[tuple[str, Row]]:
    """Yield types and values in turn."""
    for number in range(46):
        yield from _network_values(number)
        yield from _text_values(number)
        if number < 8:
            yield 'Registry Key', _registry_value(number)
        yield 'File', _file_value(number, '123'[number % 3])


def _network_values(number: int) -> Iterator[tuple[str, Row]]:
    network = ('192.0.2', '198.51.100', '203.0.113')[number % 3]
    yield 'Address', {'ip': f'{network}.{number + 1}'}
    if number % 2:
        yield 'Address', {'ip': f'2001:db8:0:0:0:0:{number:x}:5'}
    if number < 16:
        yield 'ASN', {'AS Number': f'ASN{64496 + number}'}
    if number < 12:
        yield 'CIDR', {'Block': f'{network}.{number // 3 * 64}/26'}
        yield 'CIDR', {'Block': f'2001:db8:{number:x}:0:0:0:0:0/48'}
    yield 'Host', {'hostName': f'c{number}.example.{("com", "net", "org")[number % 3]}'}
    if number % 10 == 3:
        yield 'Host', {'hostName': f'xn--bcher-kva{number}.example.com'}


def _text_values(number: int) -> Iterator[tuple[str, Row]]:
    odd = ("a'b", 'a\\b', '"q"', 'ü', '%20', '&x=1', '', '?q=1#frag')[number % 8]
    yield 'URL', {'text': f'https://www{number}.example.org/path/{odd}'}
    yield 'EmailAddress', {'address': f"o'neil+{number}@mail.example.com"}
    if number < 16:
        subject = ('Invoice: "overdue"', "It's \\ urgent", 'Rechnung für März €', '請求書')
        yield 'Email Subject', {'Subject': f'{subject[number % 4]} no. {number}'}


def _registry_value(number: int) -> Row:
    key = {'Key Name': f'{_ROOT}{number}'}
    if number % 4 == 1:
        return {**key, 'Value Name': ' ', 'Value Type': 'REG_SZ'}
    if number % 4 == 2:
        return {**key, 'Value Name': "loader's", 'Value Type': 'REG_EXPAND_SZ'}
    if number % 4 == 3:
        return {**key, 'Value Name': 'loader'}
    return key


def _file_value(number: int, count: str) -> Row:
    text = f'demo file {number}'.encode()
    hashes = {
        'md5': hashlib.md5(text, usedforsecurity=False).hexdigest().upper(),
        'sha1': hashlib.sha1(text, usedforsecurity=False).hexdigest().upper(),
        'sha256': hashlib.sha256(text).hexdigest().upper(),
    }
    order = (('md5', 'sha1', 'sha256'), ('sha256', 'md5', 'sha1'), ('sha1', 'sha256', 'md5'))
    names = order[number // 3 % 3][: int(count)]
    return {name: hashes[name] for name in hashes if name in names} | {'size': 1024 + number}


def summary_of(type_name: str, properties: Mapping[str, Any]) -> str:
    """Write the canonical value: what there is of a type's properties, in order."""
    names = {
        'File': ('md5', 'sha1', 'sha256'),
        'Registry Key': ('Key Name', 'Value Name', 'Value Type'),
    }.get(type_name, tuple(properties)[:1])
    return ' : '.join(str(properties[name]) for name in names if name in properties)


def _dress(
    chance: random.Random, number: int, row_id: int, owner_id: int, type_name: str, value: Row
) -> Row:
    """Add what an Indicator has beyond its value; every oddity comes round regularly."""
    added = f'2025-{1 + number % 9:02d}-{1 + number % 28:02d}T{number % 24:02d}:00:00Z'
    row: Row = {
        'id': row_id,
        'dateAdded': added,
        'lastModified': f'2025-{10 + number % 3}-{1 + number % 28:02d}T12:{number % 60:02d}:07Z',
        'ownerId': owner_id,
        'ownerName': OWNERS[owner_id],
        'type': type_name,
        'summary': summary_of(type_name, value),
        'privateFlag': number % 50 == 7,
        'active': number % 23 != 11,
        'activeLocked': number % 23 == 11,
        'threatAssessScore': chance.randrange(1001),
        'threatAssessRating': 3.0,
        'threatAssessConfidence': 50.0,
        'threatAssessScoreObserved': 0,
        'threatAssessScoreFalsePositive': 0,
        **value,
    }
    if type_name == 'Host':
        row |= {'dnsActive': number % 2 == 0, 'whoisActive': False}
    if number % 6:
        row['confidence'] = 0 if number % 11 == 0 else chance.randrange(1, 101)
    if number % 7:
        row['rating'] = (0.0, 1.0, 2.5, 3.0, 4.0, 4.5, 5.0)[chance.randrange(7)]
    if number % 4 == 1:
        row |= {'firstSeen': '2025-01-02T03:04:05Z', 'lastSeen': added}
    if number % 9 == 4:
        past = number % 18 == 4
        row['externalDateExpires'] = '2025-06-30T00:00:00Z' if past else '2099-12-31T00:00:00Z'
    row['tags'] = _collection(_tags(number))
    row['attributes'] = _collection(_attributes(number, row_id, added))
    row['securityLabels'] = _collection(_labels(number))
    row['associatedGroups'] = _collection(_groups(number))
    return row


def _collection(members: list[Row]) -> Row:
    return {'data': members} if members else {}


def _tags(number: int) -> list[Row]:
    tags = []
    if number % 3:
        tags.append(_tag(11 + number % len(_TAGS), _TAGS[number % len(_TAGS)]))
    if number % 4 == 0:
        technique, name = _TECHNIQUES[number // 4 % len(_TECHNIQUES)]
        known = {'techniqueId': technique, 'description': f'**{name}** in many words. ' * 20}
        tags.append({**_tag(50 + number // 4 % len(_TECHNIQUES), name), **known})
    return tags


def _tag(tag_id: int, name: str) -> Row:
    return {'id': tag_id, 'name': name, 'lastUsed': '2025-06-01T00:00:00Z'}


def _attributes(number: int, row_id: int, added: str) -> list[Row]:
    pairs: list[tuple[str, str, bool]] = []
    if number % 5 != 2:
        pairs.append(('Phase of Intrusion', _PHASES[number % len(_PHASES)], False))
    if number % 10 == 0:
        pairs.append(('Phase of Intrusion', 'Actions on Objectives', False))
    if number % 4 == 2:
        pairs += [('First Seen', '2025-02-03T04:05:06Z', False), ('Last Seen', added, False)]
    if number % 16 == 6:
        pairs.append(('First Seen', 'some time in spring', False))
    if number % 12 == 1:
        pairs.append(('Description', _MARKDOWN, True))
    elif number % 6 == 3:
        pairs.append(('Description', f'Seen "{number}" times, größer als üblich.', True))
    if number % 8 == 5:
        pairs.append(('Source', 'honeypot \\ Łódź', True))
    return [
        {
            'id': row_id % 1_000_000 * 10 + index, 'dateAdded': added, 'lastModified': added,
            'type': name, 'value': value, 'pinned': False, 'default': is_default,
            'source': 'analyst',
        }
        for index, (name, value, is_default) in enumerate(pairs)
    ]  # fmt: skip


def _labels(number: int) -> list[Row]:
    if number % 3 == 0:
        return []
    names = [_LABELS[number // 3 % len(_LABELS)]]
    if number % 20 == 10:
        names.append('TLP:RED')
    if number % 25 == 8:
        names.append('Own label: internal')
    return [
        {
            'id': 1 + index, 'name': name, 'description': 'A label.', 'color': 'FFC000',
            'owner': 'System', 'dateAdded': '2016-08-31T00:00:00Z',
        }
        for index, name in enumerate(dict.fromkeys(names))
    ]  # fmt: skip


def _groups(number: int) -> list[Row]:
    count = 12 if number % 40 == 9 else number % 3
    groups = []
    for index in range(number, number + count):
        type_name, name = _GROUPS[index % len(_GROUPS)]
        groups.append(_group(555 + index, type_name, f'{name} {index}', 101 + index % 3))
    return groups


def _group(group_id: int, type_name: str, name: str, owner_id: int) -> Row:
    return {
        'id': group_id, 'dateAdded': '2025-01-01T00:00:00Z', 'ownerId': owner_id,
        'ownerName': OWNERS[owner_id], 'type': type_name, 'name': name,
        'webLink': f'https://tc.example.test/#/details/groups/{group_id}/overview',
        'upVoteCount': '0', 'downVoteCount': '0', 'lastModified': '2025-01-02T00:00:00Z',
    }  # fmt: skip


def generate_indicators(count: int, seed: int = 1) -> Iterator[Row]:
    """Yield Indicators for load tests: unique values, ids rising, each about 1.3 KB as JSON.

    The same arguments give the same rows. Nested objects are shared between rows, so a million
    of them fit in memory.
    """
    chance = random.Random(seed)
    tags = [_tag(11 + index, name) for index, name in enumerate(_TAGS)]
    tags += [
        {**_tag(50 + index, name), 'techniqueId': technique}
        for index, (technique, name) in enumerate(_TECHNIQUES)
    ]
    tag_sets = [{'data': chance.sample(tags, 1 + index % 3)} for index in range(40)]
    groups = [_collection(_groups(number)) for number in range(30)]
    labels = [_collection(_labels(number)) for number in range(30)]
    attributes = [
        _collection(_attributes(number, number, '2025-03-04T05:06:07Z'))
        for number in range(40)
        if number % 12 != 1
    ]
    kinds = _kinds()
    for number, type_name in enumerate(islice(kinds, count)):
        value = _generated_value(type_name, seed, number)
        owner_id = 101 + number % 3
        day, second = divmod(number // 50, 86400)
        moment = (
            f'2025-{1 + day % 12:02d}-{1 + day // 12 % 28:02d}'
            f'T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z'
        )
        row: Row = {
            # Neighbors in pairs: a client that keeps ids in a double loses one of each.
            'id': FIRST_ID + number // 2 * 1001 + number % 2,
            'dateAdded': '2025-01-01T00:00:00Z',
            'lastModified': moment,
            'ownerId': owner_id,
            'ownerName': OWNERS[owner_id],
            'type': type_name,
            'summary': summary_of(type_name, value),
            'privateFlag': False,
            'active': True,
            'activeLocked': False,
            'confidence': chance.randrange(101),
            'rating': chance.randrange(11) / 2,
            'threatAssessScore': chance.randrange(1001),
            **value,
            'tags': tag_sets[number % 40],
            'attributes': attributes[number % len(attributes)],
            'securityLabels': labels[number % 30],
            'associatedGroups': groups[number % 30],
        }
        yield row


def _kinds() -> Iterator[str]:
    """Return types as they are spread in real collections: mostly files, hosts and addresses."""
    return cycle(
        ('File', 'Host', 'Address', 'URL', 'File', 'Host', 'Address', 'File', 'URL', 'File',
         'Host', 'File', 'Registry Key', 'EmailAddress', 'CIDR', 'Host', 'File', 'URL', 'ASN',
         'Email Subject')
    )  # fmt: skip


def _generated_value(type_name: str, seed: int, number: int) -> Row:
    high, low = divmod(number, 65536)
    match type_name:
        case 'File':
            digest = hashlib.sha256(f'{seed}:{number}'.encode()).hexdigest().upper()
            hashes = {'md5': digest[:32], 'sha1': digest[:40], 'sha256': digest}
            names = (('sha256',), ('md5', 'sha1', 'sha256'), ('sha1',))[number % 3]
            return {name: hashes[name] for name in names} | {'size': number % 100_000}
        case 'Host':
            return {'hostName': f'h{number:x}.s{seed}.example.com'}
        case 'Address':
            return {'ip': f'2001:db8:{seed & 0xFFFF:x}:0:0:{high:x}:{low:x}:1'}
        case 'URL':
            return {'text': f'https://u{number:x}.example.net/s{seed}/index.html?n={number}'}
        case 'Registry Key':
            return {
                'Key Name': f'{_ROOT}\\{seed}',
                'Value Name': f'v{number}',
                'Value Type': 'REG_SZ',
            }
        case 'EmailAddress':
            return {'address': f'u{number}.s{seed}@mail.example.org'}
        case 'CIDR':
            return {'Block': f'2001:db8:{seed & 0xFFFF:x}:{high:x}:{low:x}:0:0:0/80'}
        case 'ASN':
            return {'AS Number': f'ASN{4_200_000_000 + number}'}
        case _:
            return {'Subject': f'Invoice {seed}-{number}'}
