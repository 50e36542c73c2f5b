"""One Indicator as the store keeps it, and its JSON for a given set of extra fields."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote_plus

from tests.simulators.threatconnect.predicate import (
    custom_names,
    custom_value,
    default_text,
    elements,
)

HOST = 'tc.example.test'
"""The name in links; nothing ever connects to it."""

TYPE_KEYS: dict[str, tuple[str, ...]] = {
    'Address': ('ip',),
    'EmailAddress': ('address',),
    'File': ('md5', 'sha1', 'sha256', 'size'),
    'Host': ('hostName', 'dnsActive', 'whoisActive'),
    'URL': ('text',),
    'ASN': ('AS Number',),
    'CIDR': ('Block',),
    'Email Subject': ('Subject',),
    'Registry Key': ('Key Name', 'Value Name', 'Value Type'),
}
_PLAIN_KEYS = (
    'id', 'dateAdded', 'ownerId', 'ownerName', 'type', 'lastModified', 'confidence', 'summary',
    'privateFlag', 'active', 'activeLocked',
)  # fmt: skip
_COLLECTIONS = frozenset(
    {
        'associatedArtifacts', 'associatedCases', 'associatedGroups', 'associatedIndicators',
        'attributes', 'customAssociations', 'enrichment', 'fileActions', 'fileOccurrences',
        'securityLabels', 'tags',
    }
)  # fmt: skip
_SCALARS: dict[str, tuple[str, ...]] = {
    'associationName': ('associationName',),
    'dnsResolution': ('dnsResolution',),
    'externalDates': ('externalDateAdded', 'externalLastModified', 'externalDateExpires'),
    'falsePositives': ('falsePositives', 'lastFalsePositive', 'falsePositiveReportedByUser'),
    'geoLocation': ('geoLocation',),
    'investigationLinks': ('investigationLinks',),
    'observations': ('observations', 'lastObserved'),
    'sightings': ('firstSeen', 'lastSeen'),
    'threatAssess': (
        'threatAssessRating', 'threatAssessConfidence', 'threatAssessScore',
        'threatAssessScoreObserved', 'threatAssessScoreFalsePositive', 'calScore',
    ),
    'trackedUsers': ('trackedUsers',),
    'whoIs': ('whois',),
}  # fmt: skip
FIELDS = frozenset({*_COLLECTIONS, *_SCALARS, 'genericCustomIndicatorValues'})
"""The 23 names that `fields` takes."""

ASSOCIATIONS = frozenset(name for name in FIELDS if name.startswith('associated'))
_DEEPER = ('attributes', 'tags', 'securityLabels', *sorted(ASSOCIATIONS))
_CUSTOM_TYPES = frozenset({'ASN', 'CIDR', 'Email Subject', 'Registry Key'})
_PAGES = {'Address': ('address', 'address'), 'EmailAddress': ('emailaddress', 'emailaddress'),
          'File': ('file', 'file'), 'Host': ('host', 'host')}  # fmt: skip


class Row:
    """One Indicator; a change makes a new row, so that a reply never shows half of one."""

    __slots__ = ('_key', '_text', 'data', 'id')

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.id: int = data['id']
        self._key: Any = None
        self._text = b''

    def render(
        self,
        fields: frozenset[str],
        *,
        owners: frozenset[str] | None = None,
        whole_ratings: bool = False,
        keep: bool = True,
    ) -> bytes:
        """Return the JSON object as the endpoint sends it.

        Args:
            fields: extra data asked for.
            owners: names of the owners whose groups may show; None for all of them.
            whole_ratings: round ratings, as instances without fractions look.
            keep: remember the text for the next request.
        """
        key = (fields, owners, whole_ratings)
        if self._key == key:
            return self._text
        text = render(self.data, fields, owners, whole_ratings=whole_ratings).encode()
        if keep:
            self._text, self._key = text, key
        return text


def render(
    data: Mapping[str, Any],
    fields: frozenset[str],
    owners: frozenset[str] | None = None,
    *,
    whole_ratings: bool = False,
) -> str:
    """Write one Indicator as JSON: default properties, then what the fields add; no nulls."""
    type_name = data['type']
    out = {key: data[key] for key in _PLAIN_KEYS if data.get(key) is not None}
    for name in ('description', 'source'):
        text = default_text(data, name)
        if text is not None:
            out[name] = text
    if 'genericCustomIndicatorValues' in fields and type_name in _CUSTOM_TYPES:
        for index in range(len(custom_names(type_name))):
            value = custom_value(data, index)
            if value is not None:
                out[f'value{index + 1}'] = value
    else:
        for key in TYPE_KEYS.get(type_name, ()):
            if data.get(key) is not None:
                out[key] = data[key]
    out['webLink'] = data.get('webLink') or web_link(data['id'])
    out['legacyLink'] = data.get('legacyLink') or _legacy_link(data)
    for name in sorted(fields):
        if name in _COLLECTIONS:
            out[name] = _collection(data, name, fields, owners)
        else:
            for key in _SCALARS.get(name, ()):
                if data.get(key) is not None:
                    out[key] = data[key]
    text = json.dumps(out, ensure_ascii=False, separators=(',', ':'))
    rating = data.get('rating')
    if rating is None:
        return text
    # The platform writes a decimal with two places, which no float can ask json for.
    return f'{text[:-1]},"rating":{round(rating) if whole_ratings else rating:.2f}}}'


def _collection(
    data: Mapping[str, Any], name: str, fields: frozenset[str], owners: frozenset[str] | None
) -> dict[str, Any]:
    members = elements(data, name)
    if name == 'associatedGroups' and owners is not None:
        members = [member for member in members if member.get('ownerName') in owners]
    if not members:
        return {'count': 0} if name == 'fileActions' else {}
    hidden = [key for key in _DEEPER if f'{name}.{key}' not in fields]
    shown = [
        {key: value for key, value in member.items() if key not in hidden}
        if not member.keys().isdisjoint(hidden)
        else member
        for member in members
    ]
    return {'data': shown, 'count': len(shown)} if name == 'fileActions' else {'data': shown}


def web_link(row_id: int) -> str:
    """Return the address of the Indicator's page in the platform."""
    return f'https://{HOST}/#/details/indicators/{row_id}/overview'


def _legacy_link(data: Mapping[str, Any]) -> str:
    base = f'https://{HOST}/auth/indicators/details'
    page = _PAGES.get(data['type'])
    if page is not None:
        value = next(str(data[key]) for key in TYPE_KEYS[data['type']] if data.get(key) is not None)
        return (
            f'{base}/{page[0]}.xhtml?{page[1]}={quote_plus(value)}'
            f'&owner={quote_plus(data["ownerName"])}'
        )
    if data['type'] == 'URL':
        return f'{base}/url.xhtml?orgid={data["id"]}'
    return f'{base}/customIndicator.xhtml?id={data["id"]}'


def check_fields(names: Iterable[str], *, exceeds_link_limit: bool = False) -> frozenset[str]:
    """Check what was asked for and add the root of each dotted name.

    Args:
        names: as given, one for each `fields` parameter.
        exceeds_link_limit: whether the user may ask for several association levels.

    Raises:
        ValueError: an unknown name, or more than one association level.
    """
    wanted: set[str] = set()
    for name in names:
        root, *rest = name.split('.')
        if root not in FIELDS or any(part not in FIELDS for part in rest):
            raise ValueError(f'unknown field "{name}"')
        levels = sum(part in ASSOCIATIONS for part in (root, *rest))
        if levels > 1 and not exceeds_link_limit:
            raise ValueError(f'"{name}" asks for more than one association level')
        wanted |= {root, name}
    return frozenset(wanted)


def complete_value(data: dict[str, Any], *, shows_gaps: bool = False) -> None:
    """Make the summary from the type's properties, or the other way round.

    Args:
        data: the row.
        shows_gaps: write both separators around a SHA1 that is absent between two other hashes;
            which of them ThreatConnect keeps is not documented.
    """
    keys = TYPE_KEYS[data['type']]
    if 'summary' not in data:
        names = keys[:3] if data['type'] in {'File', 'Registry Key'} else keys[:1]
        parts = [str(data[name]) for name in names if data.get(name)]
        if not parts:
            raise ValueError(f'{data["type"]} without a value')
        is_gap = shows_gaps and data['type'] == 'File' and len(parts) == 2 and not data.get('sha1')
        data['summary'] = (' :  : ' if is_gap else ' : ').join(parts)
    elif not any(key in data for key in keys):
        _split_summary(data)
    if data['type'] == 'Host':
        data.setdefault('dnsActive', False)
        data.setdefault('whoisActive', False)


def _split_summary(data: dict[str, Any]) -> None:
    parts = data['summary'].split(' : ')
    if data['type'] == 'File':
        names = {32: 'md5', 40: 'sha1', 64: 'sha256'}
        data.update({names[len(part)]: part for part in parts if part})
    elif data['type'] == 'Registry Key':
        data.update(zip(TYPE_KEYS['Registry Key'], parts, strict=False))
    else:
        data[TYPE_KEYS[data['type']][0]] = data['summary']
