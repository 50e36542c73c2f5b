"""Search of alerts for our objects: by the ids that they carry, or by the values in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from sentinel_app.core.alert_entity import RegistryValue
from sentinel_app.core.alert_row import ReadAlert
from sentinel_app.core.clock import Clock
from sentinel_app.core.containment import contents_digest
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.ledger_row import ObjectState
from sentinel_app.core.match import FoundMatch, MatchKind
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.record import Holding
from sentinel_app.storage.holdings import Holdings

MOST_OF_KEY: Final = 100
"""Maximum Indicators of one registry key that are compared."""

_BETWEEN: Final = ' : '


class MatchSearch:
    """Finds which objects alerts are about, with a few statements for a page of them."""

    def __init__(self, holdings: Holdings, clock: Clock) -> None:
        self._holdings = holdings
        self._clock = clock

    def find(self, alerts: Sequence[ReadAlert]) -> tuple[FoundMatch, ...]:
        """Return the alerts that are about objects of ours, each with these.

        An alert with the id of an object of ours is not searched for values: what else it mentions
        did not lead to it. Of each object it only matters that it was sent, as it may have been
        withdrawn since. What is not ours is forgotten here.
        """
        exact = self._exact(alerts)
        others = [alert for alert in alerts if alert.alert.id not in exact]
        by_value = self._by_value(others)
        found = []
        for alert in alerts:
            kind = MatchKind.EXACT if alert.alert.id in exact else MatchKind.VALUE
            objects = exact.get(alert.alert.id) or by_value.get(alert.alert.id)
            if objects:
                found.append(
                    FoundMatch(alert=alert.alert, objects=dict.fromkeys(sorted(objects), kind))
                )
        return tuple(found)

    def _exact(self, alerts: Sequence[ReadAlert]) -> dict[str, set[int]]:
        """Return the objects whose ids alerts carry, by alert."""
        ids = {each for alert in alerts for each in alert.stix_ids}
        keys = self._holdings.keys_of_ids(ids) if ids else {}
        objects = self._objects(keys.values())
        found = {
            alert.alert.id: {
                objects[digest]
                for each in alert.stix_ids
                if each in keys and (digest := keys[each].digest) in objects
            }
            for alert in alerts
        }
        return {alert_id: each for alert_id, each in found.items() if each}

    def _by_value(self, alerts: Sequence[ReadAlert]) -> dict[str, set[int]]:
        """Return the objects whose values alerts have among their entities, by alert."""
        objects = self._objects({key for alert in alerts for key in alert.values.keys})
        registry = self._registry({each for alert in alerts for each in alert.values.registry})
        return {
            alert.alert.id: {
                objects[key.digest] for key in alert.values.keys if key.digest in objects
            }.union(*(registry[each] for each in alert.values.registry))
            for alert in alerts
        }

    def _objects(self, keys: Iterable[ObjectKey]) -> dict[bytes, int]:
        """Return the ledger rows of keys that were sent, by digest."""
        found = self._holdings.of_keys(keys)
        return {digest: each.object for digest, each in found.items() if _was_sent(each)}

    def _registry(self, wanted: Collection[RegistryValue]) -> Mapping[RegistryValue, set[int]]:
        """Return the ledger rows of registry values, which logs spell in any case."""
        digests = {each: _digest(each) for each in wanted}
        held = self._holdings.in_containers(
            {digest for digest in digests.values() if digest is not None},
            now=self._clock.now(),
            most=MOST_OF_KEY,
        )
        keys = self._holdings.keys_of(
            [each.object for several in held.values() for each in several]
        )
        names = {number: _name(key) for number, (key, _) in keys.items()}
        return {
            each: {
                one.object
                for one in held.get(digest or 0, ())
                if names.get(one.object) in {'', each.name.casefold()}
            }
            for each, digest in digests.items()
        }


def _was_sent(holding: Holding) -> bool:
    return holding.state is not ObjectState.NEW


def _digest(value: RegistryValue) -> int | None:
    return contents_digest(ObjectKey(IndicatorType.REGISTRY_KEY, value.key))


def _name(key: ObjectKey) -> str:
    """Return the name of the value in the key of a Registry Key; empty for the key itself."""
    return key.value.partition(_BETWEEN)[2].partition(_BETWEEN)[0].strip().casefold()
