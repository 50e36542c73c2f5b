"""Entities of an alert: the values in them that may be Indicators.

Source: learn.microsoft.com/azure/sentinel/entities-reference. An entity may refer to another one by
its number (`$id`, `$ref`) or contain it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.refang import readings
from sentinel_app.core.registry import long_key
from sentinel_app.core.value import keys_of_value

MOST_PARTS: Final = 20_000
"""Maximum parts of the entities of one alert that are read."""

LONGEST_VALUE: Final = 10_000
"""Maximum characters of a value; ThreatConnect has no longer ones."""

Entity = Mapping[str, Any]
"""Members of an entity, their names in lower case."""

Value = tuple[IndicatorType, str]


@dataclass(frozen=True, slots=True)
class RegistryValue:
    """A value of a registry key, or the key itself if the name is empty."""

    key: str
    """Key with the full name of its hive."""
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityValues:
    """Values in the entities of one alert."""

    keys: frozenset[ObjectKey] = frozenset()
    registry: frozenset[RegistryValue] = frozenset()
    is_whole: bool = True
    """Whether all of it could be read."""


def entity_values(entities: object) -> EntityValues:
    """Return the values in the entities of an alert.

    Args:
        entities: the cell of the row: JSON text, or what such a text holds.
    """
    parts, is_whole = _parts(entities)
    by_number = {str(part['$id']): part for part in parts if '$id' in part}
    keys: set[ObjectKey] = set()
    registry: set[RegistryValue] = set()
    for part in parts:
        kind = str(part.get('type', '')).casefold().replace('-', '')
        if (read := _READERS.get(kind)) is not None:
            keys.update(key for found in read(part) for key in _keys(*found))
        elif kind in _REGISTRY:
            registry.update(_registry_values(part, by_number))
    return EntityValues(keys=frozenset(keys), registry=frozenset(registry), is_whole=is_whole)


def _parts(entities: object) -> tuple[list[Entity], bool]:
    """Return the entities, also those within others, and whether these are all."""
    is_whole = True
    if isinstance(entities, str):
        if not entities.strip():
            return [], True
        try:
            entities = json.loads(entities)
        except (ValueError, RecursionError):
            return [], False
    found: list[Entity] = []
    waiting = [entities]
    for _ in range(MOST_PARTS):
        if not waiting:
            break
        part = waiting.pop()
        if isinstance(part, Mapping):
            found.append({str(name).casefold(): value for name, value in part.items()})
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    else:
        is_whole = not waiting
    return found, is_whole


@lru_cache(maxsize=4096)
def _keys(kind: IndicatorType, text: str) -> tuple[ObjectKey, ...]:
    """Return the keys of a type that a text may stand for; cached, as alerts repeat values."""
    return tuple(
        dict.fromkeys(
            key for reading in readings(text) for key in keys_of_value(reading) if key.type is kind
        )
    )


def _texts(entity: Entity, *names: str) -> Iterator[str]:
    """Yield the texts of some members, also those in lists."""
    for name in names:
        value = entity.get(name)
        for each in value if isinstance(value, list) else (value,):
            if isinstance(each, str) and 0 < len(each) <= LONGEST_VALUE:
                yield each


def _reader(kind: IndicatorType, *names: str) -> Callable[[Entity], Iterator[Value]]:
    """Return a function that yields the values of some members, all of one type."""
    return lambda entity: ((kind, text) for text in _texts(entity, *names))


def _host(entity: Entity) -> Iterator[Value]:
    """Yield the name of a machine with its domain; a name alone means nothing elsewhere."""
    for name in _texts(entity, 'hostname'):
        for domain in _texts(entity, 'dnsdomain'):
            yield IndicatorType.HOST, f'{name}.{domain}'


def _mail(entity: Entity) -> Iterator[Value]:
    for name in ('sender', 'p1sender', 'p2sender'):
        yield from ((IndicatorType.EMAIL_ADDRESS, text) for text in _texts(entity, name))
    yield from ((IndicatorType.ADDRESS, text) for text in _texts(entity, 'senderip'))
    yield from ((IndicatorType.EMAIL_SUBJECT, text) for text in _texts(entity, 'subject'))
    yield from ((IndicatorType.URL, text) for text in _texts(entity, 'urls'))


def _registry_values(entity: Entity, by_number: Mapping[str, Entity]) -> Iterator[RegistryValue]:
    """Yield the registry value of an entity; its key may be another entity."""
    key = entity.get('key')
    place: Entity = entity
    if isinstance(key, Mapping):
        own = {str(name).casefold(): value for name, value in key.items()}
        place = by_number.get(str(own.get('$ref')), own)
    name = next(_texts(entity, 'name'), '') if place is not entity else ''
    for path in _texts(place, 'key'):
        hive = next(_texts(place, 'hive'), '')
        found = long_key(path) or long_key(f'{hive}\\{path}')
        if found is not None:
            yield RegistryValue(found, name)


_REGISTRY: Final = frozenset({'registrykey', 'registryvalue'})
_READERS: Final[Mapping[str, Callable[[Entity], Iterator[Value]]]] = {
    'ip': _reader(IndicatorType.ADDRESS, 'address'),
    'url': _reader(IndicatorType.URL, 'url'),
    'dns': _reader(IndicatorType.HOST, 'domainname'),
    'dnsresolution': _reader(IndicatorType.HOST, 'domainname'),
    'host': _host,
    'filehash': _reader(IndicatorType.FILE, 'value'),
    'mailbox': _reader(IndicatorType.EMAIL_ADDRESS, 'mailboxprimaryaddress'),
    'mailmessage': _mail,
    'submissionmail': _mail,
}
"""What is read of each kind of entity; accounts are not."""
