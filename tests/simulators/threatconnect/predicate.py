"""A checked TQL tree becomes one fast function from an object's JSON data to true or false.

Comparisons with a missing value are unknown, as in SQL: they hold neither plain nor negated. NOT is
moved down to the leaves first, so that two-valued functions give exactly the three-valued result.
"""

from __future__ import annotations

import ipaddress
import operator
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tests.simulators.threatconnect.tree import And, Compare, IsNull, Node, Not, Or, Sub, Value
from tests.simulators.threatconnect.vocabulary import TYPE_IDS, Kind

Data = Mapping[str, Any]
Test = Callable[[Any], bool]
Getter = Callable[[Data], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a query may ask about beyond the object in hand."""

    tags: Callable[[], Iterable[Data]] = tuple
    """All tags there are, which `hasAllTags` needs."""
    row: Callable[[int], Data | None] = field(default=lambda _row_id: None)
    """One Indicator by id, which `sameNameAs` needs."""
    indicators_of: Callable[[int], Iterable[Data]] = field(default=lambda _group_id: ())
    """The Indicators of one Group by id."""
    linked_to: Callable[[int], Iterable[Data]] = field(default=lambda _group_id: ())
    """The Groups that one profile joins, by the id of one of them."""
    profile_of: Callable[[int], Data | None] = field(default=lambda _group_id: None)
    """The Threat Actor Profile of one Group by id."""
    target: str = 'indicator'
    """The kind of object in hand."""
    ignores_case: bool = False
    ignores_id_filter: bool = False


def build(node: Node, surroundings: Surroundings | None = None) -> Callable[[Data], bool]:
    """Compile a tree about Indicators, or about what the surroundings say."""
    around = surroundings or Surroundings()
    return _Compiler(around).compile(node, around.target, negated=False)


def build_for(node: Node, target: str) -> Callable[[Data], bool]:
    """Compile a tree about another kind of object."""
    return _Compiler(Surroundings()).compile(node, target, negated=False)


class _Compiler:
    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings

    def compile(self, node: Node, target: str, *, negated: bool) -> Test:
        if isinstance(node, Not):
            return self.compile(node.item, target, negated=not negated)
        if isinstance(node, And | Or):
            tests = [self.compile(item, target, negated=negated) for item in node.items]
            return _all(tests) if isinstance(node, And) is not negated else _any(tests)
        if isinstance(node, Sub):
            return self._sub(node, target, negated=negated)
        if isinstance(node, IsNull):
            get, _ = self._getter(target, node.keyword)
            wants_null = node.negated is negated
            return lambda data: (get(data) in (None, (), '')) is wants_null
        return self._compare(node, target, negated=node.negated is not negated)

    def _sub(self, node: Sub, target: str, *, negated: bool) -> Test:
        wanted = not negated
        inner: Test = _anything
        if node.argument is not None:
            inner = self.compile(node.argument, node.target, negated=False)
        collection = node.collection
        if node.keyword != 'hasAllTags':
            members = self._members(target, collection)
            return lambda data: any(map(inner, members(data))) is wanted
        names = frozenset(tag['name'] for tag in self._around.tags() if inner(tag))

        def has_all(data: Data) -> bool:
            own = {tag['name'] for tag in elements(data, collection)}
            return (bool(names) and names <= own) is wanted

        return has_all

    def _members(self, target: str, collection: str) -> Callable[[Data], Iterable[Data]]:
        """Return what reads a collection; some of a Group's lie outside of it."""
        around = self._around
        if target != 'group':
            return lambda data: elements(data, collection)
        if collection == 'associatedIndicators':
            return lambda data: around.indicators_of(data['id'])
        if collection == 'linkedGroups':
            return lambda data: around.linked_to(data['id'])
        if collection == 'commonGroup':
            return lambda data: filter(None, (around.profile_of(data['id']),))
        return lambda data: elements(data, collection)

    def _getter(self, target: str, keyword: str) -> tuple[Getter, bool]:
        if (target, keyword) == ('group', 'associatedIndicator'):
            around = self._around
            return lambda data: tuple(it['id'] for it in around.indicators_of(data['id'])), True
        return getter(target, keyword)

    def _compare(self, node: Compare, target: str, *, negated: bool) -> Test:
        if node.keyword == 'sameNameAs':
            return self._same_name(node, negated=negated)
        is_own = target == self._around.target
        if node.keyword == 'id' and is_own and self._around.ignores_id_filter:
            return _anything
        get, is_many = self._getter(target, node.keyword)
        test = _value_test(node, ignores_case=self._around.ignores_case)
        if node.operator == '!=':
            negated = not negated
        wanted = not negated
        if is_many:
            return lambda data: any(map(test, get(data))) is wanted

        def holds(data: Data) -> bool:
            value = get(data)
            return value is not None and test(value) is wanted

        return holds

    def _same_name(self, node: Compare, *, negated: bool) -> Test:
        rows = [self._around.row(int(value)) for value in node.values]
        names = {(row['type'], row['summary']) for row in rows if row is not None}
        wanted = negated if node.operator == '!=' else not negated
        return lambda data: ((data['type'], data['summary']) in names) is wanted


def _anything(_data: Any) -> bool:
    return True


def _all(tests: list[Test]) -> Test:
    if len(tests) == 2:
        first, second = tests
        return lambda data: first(data) and second(data)

    def every(data: Data) -> bool:
        for test in tests:  # noqa: SIM110 - a generator would cost more than the tests
            if not test(data):
                return False
        return True

    return every


def _any(tests: list[Test]) -> Test:
    if len(tests) == 2:
        first, second = tests
        return lambda data: first(data) or second(data)

    def some(data: Data) -> bool:
        for test in tests:  # noqa: SIM110 - as above
            if test(data):
                return True
        return False

    return some


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    '=': operator.eq,
    '!=': operator.eq,
    '>': operator.gt,
    '<': operator.lt,
    '>=': operator.ge,
    '<=': operator.le,
    'contains': lambda text, part: part in text,
    'startswith': str.startswith,
    'endswith': str.endswith,
}


def _value_test(node: Compare, *, ignores_case: bool) -> Test:
    if node.kind is Kind.CIDR:
        networks = [ipaddress.ip_network(str(value), strict=False) for value in node.values]
        return lambda text: any(_lies_in(text, network) for network in networks)
    folds = ignores_case and node.kind is Kind.STRING
    values = tuple(_fold(value) if folds else value for value in node.values)
    if node.operator == 'in':
        members = frozenset(values)
        test: Test = members.__contains__
    elif node.operator == 'like':
        parts = (re.escape(part) for part in str(values[0]).split('%'))
        pattern = re.compile('.*'.join(parts), re.DOTALL)
        test = lambda text: pattern.fullmatch(text) is not None  # noqa: E731
    else:
        compare, value = _ORDER[node.operator], values[0]
        test = lambda own: compare(own, value)  # noqa: E731
    return (lambda own: test(_fold(own))) if folds else test


def _fold(value: Value) -> Value:
    return value.casefold() if isinstance(value, str) else value


@lru_cache(maxsize=65536)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _lies_in(text: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    own = _network(text)
    if isinstance(own, ipaddress.IPv4Network) and isinstance(network, ipaddress.IPv4Network):
        return own.subnet_of(network)
    if isinstance(own, ipaddress.IPv6Network) and isinstance(network, ipaddress.IPv6Network):
        return own.subnet_of(network)
    return False


def elements(data: Data, collection: str) -> list[Data]:
    """Return the members of a nested collection, however it is written (`{}`, missing, a list)."""
    value = data.get(collection) or ()
    return value.get('data') or [] if isinstance(value, Mapping) else list(value)


def default_text(data: Data, name: str) -> str | None:
    """Return the mirror `description` or `source`, from the default attribute if need be."""
    if name in data:
        return str(data[name])
    for attribute in elements(data, 'attributes'):
        if attribute.get('default') and attribute.get('type') == name.capitalize():
            return str(attribute['value'])
    return None


_CUSTOM_VALUES = {
    'Address': ('ip',),
    'EmailAddress': ('address',),
    'File': ('md5', 'sha1', 'sha256'),
    'Host': ('hostName',),
    'URL': ('text',),
    'ASN': ('AS Number',),
    'CIDR': ('Block',),
    'Email Subject': ('Subject',),
    'Registry Key': ('Key Name', 'Value Name', 'Value Type'),
}


def custom_value(data: Data, index: int) -> str | None:
    """Return what `value1` to `value3` stand for (`index` 0 to 2)."""
    names = _CUSTOM_VALUES.get(data['type'], ())
    return data.get(names[index]) if index < len(names) else None


def custom_names(type_name: str) -> tuple[str, ...]:
    """Return the names of the properties behind `value1` to `value3`."""
    return _CUSTOM_VALUES.get(type_name, ())


def _ip_number(data: Data) -> int | None:
    if data['type'] != 'Address' or ':' in data['summary']:
        return None
    return int(ipaddress.IPv4Address(data['summary']))


def _tag_names(data: Data, *, only_attack: bool = False) -> tuple[str, ...]:
    return tuple(
        tag['name'] for tag in elements(data, 'tags') if tag.get('techniqueId') or not only_attack
    )


_INDICATOR_GETTERS: dict[str, Getter] = {
    'owner': lambda data: data.get('ownerId'),
    'type': lambda data: TYPE_IDS.get(data['type']),
    'typeName': lambda data: data['type'],
    'indicatorActive': lambda data: data['active'],
    'description': lambda data: default_text(data, 'description'),
    'source': lambda data: default_text(data, 'source'),
    'fileSize': lambda data: data.get('size'),
    'hostDnsActive': lambda data: data.get('dnsActive'),
    'hostWhoisActive': lambda data: data.get('whoisActive'),
    'observationCount': lambda data: data.get('observations'),
    'falsePositiveCount': lambda data: data.get('falsePositives'),
    'value1': lambda data: custom_value(data, 0),
    'value2': lambda data: custom_value(data, 1),
    'value3': lambda data: custom_value(data, 2),
    'addressIsIpv6': lambda data: ':' in data['summary'] if data['type'] == 'Address' else None,
    'addressCidr': lambda data: data['summary'] if data['type'] in {'Address', 'CIDR'} else None,
    'addressIpVal': _ip_number,
    'commonId': lambda data: zlib.crc32(f'{data["type"]}:{data["summary"]}'.encode()),
}
_MANY_GETTERS: dict[str, Getter] = {
    'tag': _tag_names,
    'attackTag': lambda data: _tag_names(data, only_attack=True),
    'securityLabel': lambda data: tuple(x['name'] for x in elements(data, 'securityLabels')),
    'associatedGroup': lambda data: tuple(x['id'] for x in elements(data, 'associatedGroups')),
    'tagOwner': lambda data: (data.get('ownerId'),) if elements(data, 'tags') else (),
    'tagOwnerName': lambda data: (data.get('ownerName'),) if elements(data, 'tags') else (),
}
_SHARED_GETTERS: dict[str, dict[str, Getter]] = {
    'tag': {'summary': lambda data: data.get('name')},
    'attribute': {
        'typeName': lambda data: data.get('type'),
        'type': lambda data: data.get('typeId'),
        'text': lambda data: data.get('value'),
        'shortText': lambda data: data.get('value'),
    },
    'label': {
        'summary': lambda data: data.get('name'),
        'ownerName': lambda data: data.get('owner'),
        'owner': lambda data: data.get('ownerId'),
    },
    'group': {
        'summary': lambda data: data.get('name'),
        'typeName': lambda data: data.get('type'),
        'type': lambda data: data.get('typeId'),
        'owner': lambda data: data.get('ownerId'),
        'createdBy': lambda data: (data.get('createdBy') or {}).get('userName'),
        'upvoteCount': lambda data: int(data.get('upVoteCount') or 0),
        'downvoteCount': lambda data: int(data.get('downVoteCount') or 0),
    },
    'threat actor profile': {
        'mitre_id': lambda data: data.get('mitreId'),
        'summary': lambda data: data.get('name'),
    },
    'owner': {'ownerId': lambda data: data['id'], 'ownerName': lambda data: data['name']},
    'indicator': _INDICATOR_GETTERS,
}


def getter(target: str, keyword: str) -> tuple[Getter, bool]:
    """Return the function that reads a keyword's value, and whether it gives several values.

    A keyword without an entry of its own reads the property of the same name.
    """
    if keyword in _MANY_GETTERS and target in {'indicator', 'group', 'case', 'victim'}:
        return _MANY_GETTERS[keyword], True
    found = _SHARED_GETTERS.get(target, {}).get(keyword)
    if found is not None:
        return found, False
    return (lambda data: data.get(keyword)), False
