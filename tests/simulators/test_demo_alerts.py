"""The alerts of the demonstration are about what Sentinel holds."""

from __future__ import annotations

import json

from sentinel_app.core.alert_row import COLUMNS, read_alert
from tests.simulators.demo_alerts import Row, alerts_about

SOURCE = 'ThreatConnect-StandIn'


def stix_id(number: int) -> str:
    return f'indicator--00000000-0000-4000-8000-{number:012x}'


HOSTS = {
    stix_id(number): {'pattern': f"[domain-name:value = 'host{number}.example']"}
    for number in range(8)
}
ADDRESS = {stix_id(99): {'pattern': "[ipv4-addr:value = '203.0.113.9']"}}


def read(row: Row) -> tuple[frozenset[str], set[str]]:
    cells = {**row, 'CustomDetails': json.loads(row['ExtendedProperties']).get('Custom Details')}
    found = read_alert([cells.get(name) for name in COLUMNS], source=SOURCE)
    assert found is not None
    assert found.is_whole
    return found.stix_ids, {key.value for key in found.values.keys}


def test_alerts_name_objects_by_id_or_by_value() -> None:
    rows = alerts_about(HOSTS | ADDRESS, SOURCE)
    found = [read(row) for row in rows]
    assert {id_ for ids, _ in found for id_ in ids} == {stix_id(5), stix_id(6)}
    values = {value for _, each in found for value in each}
    assert values >= {'203.0.113.9', 'host5.example'}
    assert len({row['SystemAlertId'] for row in rows}) == len(rows)


def test_there_are_none_where_little_is_held() -> None:
    assert alerts_about({}, SOURCE) == []
    assert alerts_about(HOSTS, SOURCE) == []
