from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sentinel_app.core.alert_row import COLUMNS, ReadAlert, read_alert
from sentinel_app.core.canonical import registry_summary
from sentinel_app.core.containment import container_digest
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.match import MatchKind
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.pipeline.match_search import MatchSearch
from sentinel_app.storage.holdings import Holdings
from sentinel_app.storage.sqlite import Database
from tests.harness.builders.match import (
    SOURCE,
    alert_row,
    sendable,
    table_id,
    with_addresses,
)
from tests.harness.builders.update import address, make_store, send
from tests.harness.clocks import NOON, StandingClock
from tests.harness.database import open_database

RUN = r'SOFTWARE\Microsoft\Windows\CurrentVersion\Run'
LONG = rf'HKEY_LOCAL_MACHINE\{RUN}'


class Stand:
    def __init__(self, folder: Path) -> None:
        self.db: Database = open_database(folder / 'state.db')
        self.store = make_store(self.db)
        self.holdings = Holdings(self.db)
        self.search = MatchSearch(self.holdings, StandingClock())

    def found(self, *alerts: ReadAlert) -> dict[str, tuple[set[str], MatchKind]]:
        """The values of what is found, and how, by alert."""
        result = {}
        for each in self.search.find(alerts):
            keys = self.holdings.keys_of(list(each.objects))
            (kind,) = set(each.objects.values())
            result[each.alert.id] = ({key.value for key, _ in keys.values()}, kind)
        return result


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    made = Stand(tmp_path)
    yield made
    made.db.close()


def alert(number: int = 1, *, ids: tuple[str, ...] = (), entities: Any = '') -> ReadAlert:
    details = json.dumps({'IndicatorId': ids})
    cells = alert_row(number, at=NOON, CustomDetails=details, Entities=entities)
    read = read_alert([cells[name] for name in COLUMNS], source=SOURCE)
    assert read is not None
    return read


def test_alert_with_the_id_of_our_object_matches_it_exactly(stand: Stand) -> None:
    send(stand.store, sendable(1), sendable(2))
    found = stand.found(
        alert(1, ids=(table_id(address(1)),)),
        alert(2, ids=(table_id(address(1)), table_id(address(2)))),
    )
    assert found == {
        'a-1': ({'198.51.0.1'}, MatchKind.EXACT),
        'a-2': ({'198.51.0.1', '198.51.0.2'}, MatchKind.EXACT),
    }


def test_alert_with_our_value_matches_by_value(stand: Stand) -> None:
    send(stand.store, sendable(1))
    entities = with_addresses('192.0.2.1', '198.51.0.1')
    assert stand.found(alert(entities=entities)) == {'a-1': ({'198.51.0.1'}, MatchKind.VALUE)}


def test_exact_match_leaves_the_other_values_of_the_alert_out(stand: Stand) -> None:
    send(stand.store, sendable(1), sendable(2))
    both = alert(ids=(table_id(address(1)),), entities=with_addresses('198.51.0.2'))
    assert stand.found(both) == {'a-1': ({'198.51.0.1'}, MatchKind.EXACT)}


@pytest.mark.parametrize(
    'stix_id',
    [table_id(address(9)), table_id(address(1)), table_id(address(2), 'Other')],
    ids=['unknown', 'never accepted', 'of another source'],
)
def test_id_that_is_not_of_a_sent_object_leaves_the_values(stand: Stand, stix_id: str) -> None:
    send(stand.store, sendable(1), sendable(2), sendable(3), refusals={0: ('no',)})
    found = stand.found(alert(ids=(stix_id,), entities=with_addresses('198.51.0.3')))
    assert found == {'a-1': ({'198.51.0.3'}, MatchKind.VALUE)}


def test_object_that_was_never_accepted_is_not_found(stand: Stand) -> None:
    send(stand.store, sendable(1), sendable(2), refusals={0: ('no',)})
    assert (
        stand.found(
            alert(1, ids=(table_id(address(1)),)), alert(2, entities=with_addresses('198.51.0.1'))
        )
        == {}
    )


def test_alert_without_anything_of_ours_is_forgotten(stand: Stand) -> None:
    send(stand.store, sendable(1))
    assert stand.search.find([]) == ()
    assert stand.found(alert(1), alert(2, entities=with_addresses('192.0.2.1'))) == {}


def registry_key(name: str | None, kind: str | None = None) -> ObjectKey:
    return ObjectKey(IndicatorType.REGISTRY_KEY, registry_summary(LONG, name, kind))


@pytest.mark.parametrize(
    ('key', 'name', 'is_found'),
    [
        (registry_key('Updater', 'REG_SZ'), 'Updater', True),
        (registry_key('Updater'), 'UPDATER', True),
        (registry_key(None), 'Updater', True),
        (registry_key(None), '', True),
        (registry_key('Updater'), '', False),
        (registry_key('Updater', 'REG_SZ'), 'Other', False),
    ],
)
def test_registry_value_matches_in_any_case_whatever_its_type(
    stand: Stand, key: ObjectKey, name: str, is_found: bool
) -> None:
    send(stand.store, sendable(1, key))
    with stand.db.read() as connection:
        stored = connection.execute('SELECT container FROM ledger').fetchone()[0]
    assert stored == container_digest(key)
    entities = json.dumps(
        [
            {'$id': '2', 'Type': 'registry-key', 'Hive': 'hklm', 'Key': RUN.upper()},
            {'Type': 'registry-value', 'Key': {'$ref': '2'}, 'Name': name},
        ]
        if name
        else [{'$id': '2', 'Type': 'registry-key', 'Hive': 'HKLM', 'Key': RUN.lower()}]
    )
    found = stand.found(alert(entities=entities))
    assert found == ({'a-1': ({key.value}, MatchKind.VALUE)} if is_found else {})
