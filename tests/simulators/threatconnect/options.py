"""What the OPTIONS calls and the small v2 and owner endpoints answer."""

from __future__ import annotations

from typing import Any

from tests.simulators.threatconnect import group
from tests.simulators.threatconnect.auth import User
from tests.simulators.threatconnect.row import FIELDS, TYPE_KEYS
from tests.simulators.threatconnect.store import Owner, Store
from tests.simulators.threatconnect.vocabulary import describe

_PERMISSIONS = (
    'permIndicator', 'permGroup', 'permPost', 'permVictim', 'permAttribute', 'permSecurityLabel',
    'permTag', 'permAttributeType', 'permCopyData', 'permTask', 'permArtifact', 'permComment',
    'permTimeline',
)  # fmt: skip
_LISTED_FIRST = ('Source', 'Community', 'Organization')
_CUSTOM = frozenset({'ASN', 'CIDR', 'Email Subject', 'Registry Key'})
_BRANCHES = {
    'Address': ('addresses', 'address'),
    'EmailAddress': ('emailAddresses', 'emailAddress'),
    'File': ('files', 'file'),
    'Host': ('hosts', 'host'),
    'URL': ('urls', 'url'),
    'ASN': ('asns', 'asn'),
    'CIDR': ('cidrBlocks', 'cidrBlock'),
    'Email Subject': ('emailSubjects', 'emailSubject'),
    'Registry Key': ('registryKeys', 'registryKey'),
}


def indicator_fields() -> dict[str, Any]:
    """Answer `OPTIONS /v3/indicators/fields`."""
    return _fields(FIELDS)


def group_fields(*, has_profiles: bool) -> dict[str, Any]:
    """Answer `OPTIONS /v3/groups/fields`."""
    return _fields(group.FIELDS if has_profiles else group.FIELDS - group.PROFILE_FIELDS)


def _fields(names: frozenset[str]) -> dict[str, Any]:
    rows = [
        {'name': name, 'description': f'Includes {name}.', 'includedByDefault': False}
        for name in sorted(names)
    ]
    return {'data': rows, 'count': len(rows), 'status': 'Success'}


def keywords(target: str, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Answer `OPTIONS .../tql`; some keywords are left out where an instance lacks them."""
    rows = describe(target, without)
    return {'data': rows, 'count': len(rows), 'status': 'Success'}


def indicator_properties(*, read_only: bool) -> dict[str, Any]:
    """Answer `OPTIONS /v3/indicators`: a bare object keyed by property."""
    writable: dict[str, Any] = {
        'active': _property('Boolean'),
        'confidence': {**_property('Integer'), 'minValue': 0, 'maxValue': 100},
        'privateFlag': _property('Boolean'),
        'rating': {**_property('BigDecimal'), 'minValue': 0, 'maxValue': 5},
        'type': {**_property('String'), 'required': True, 'allowableValues': sorted(TYPE_KEYS)},
        'attributes': {'data': [_property('Attribute')]},
        'securityLabels': {'data': [_property('SecurityLabel')]},
        'tags': {'data': [_property('Tag')]},
    }
    for type_name, names in TYPE_KEYS.items():
        for name in names:
            writable[name] = {**_property('String'), 'appliesTo': [type_name]}
    fixed = ('id', 'dateAdded', 'lastModified', 'ownerId', 'summary', 'webLink', 'legacyLink')
    if not read_only:
        return writable
    return writable | {name: {'type': 'String', 'readOnly': True} for name in fixed}


def group_properties(*, read_only: bool) -> dict[str, Any]:
    """Answer `OPTIONS /v3/groups`: a bare object keyed by property."""
    writable: dict[str, Any] = {
        'name': {**_property('String'), 'required': True},
        'type': {**_property('String'), 'required': True, 'allowableValues': list(group.TYPES)},
        'xid': _property('String'),
        'attributes': {'data': [_property('GroupAttribute')]},
        'securityLabels': {'data': [_property('SecurityLabel')]},
        'tags': {'data': [_property('Tag')]},
    }
    fixed = ('id', 'dateAdded', 'lastModified', 'ownerId', 'ownerName', 'webLink', 'legacyLink')
    if not read_only:
        return writable
    return writable | {name: {'type': 'String', 'readOnly': True} for name in fixed}


def _property(type_name: str) -> dict[str, Any]:
    return {'type': type_name, 'required': False, 'updatable': True, 'readOnly': False}


def owners(store: Store, user: User) -> list[dict[str, Any]]:
    """List the owners that a user can read, in an order of no meaning."""
    seen = [owner for owner in store.owners.values() if _sees(user, owner)]
    seen.sort(key=lambda owner: (_LISTED_FIRST.index(owner.type), -owner.id))
    return [_owner(owner, user) for owner in seen]


def _sees(user: User, owner: Owner) -> bool:
    return user.owners is None or owner.name in user.owners


def _owner(owner: Owner, user: User) -> dict[str, Any]:
    own = owner.name == user.organization
    level = 'FULL' if own else 'READ'
    return {
        'id': owner.id,
        'name': owner.name,
        'type': owner.type,
        'ownerRole': user.role if own else 'User',
        **dict.fromkeys(_PERMISSIONS, level),
        'permApps': 'NONE',
        'permSettings': 'NONE',
    }


def who_am_i(user: User) -> dict[str, Any]:
    """Answer `GET /v2/whoami`."""
    first, _, last = user.user_name.partition('.')
    return {
        'status': 'Success',
        'data': {
            'user': {
                'userName': user.user_name,
                'firstName': first.capitalize(),
                'lastName': last.capitalize(),
                'pseudonym': user.user_name,
                'role': user.role,
            }
        },
    }


def own_owner(store: Store, user: User) -> dict[str, Any]:
    """Answer `GET /v2/owners/mine`."""
    owner = store.owners[user.organization]
    return {
        'status': 'Success',
        'data': {'owner': {'id': owner.id, 'name': owner.name, 'type': owner.type}},
    }


def indicator_types() -> dict[str, Any]:
    """Answer `GET /v2/types/indicatorTypes`; booleans are texts there."""
    rows = []
    for type_name, (branch, entity) in _BRANCHES.items():
        row = {
            'name': type_name,
            'custom': str(type_name in _CUSTOM).lower(),
            'parsable': str(type_name not in {'Email Subject', 'Registry Key'}).lower(),
            'apiBranch': branch,
            'apiEntity': entity,
        }
        if type_name in _CUSTOM:
            for index, label in enumerate(TYPE_KEYS[type_name], 1):
                row[f'value{index}Label'] = label
                row[f'value{index}Type'] = 'text'
        rows.append(row)
    return {'status': 'Success', 'data': {'resultCount': len(rows), 'indicatorType': rows}}
