"""Match among the stand-ins: what Sentinel's alerts had of what the App sent."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.harness.engine import Engine, World, hosts, query

pytestmark = pytest.mark.integration

SOURCE_ID = base64.b64encode(b'ThreatConnect-StandIn').decode()


def run_match(engine: Engine) -> dict[str, Any]:
    """Run it as a person does, and return the state after its end."""
    engine.ask('POST', 'api/task/match/run', {})

    def has_ended() -> bool:
        run = engine.ask('GET', 'api/match')['run']
        return run['date_ended'] is not None and run['date_ended'] >= run['date_began']

    engine.until(has_ended, 'the run did not end')
    found: dict[str, Any] = engine.ask('GET', 'api/match')
    return found


def add_alert(world: World, number: int, **cells: Any) -> None:
    world.logs.add_alerts(
        {
            'SystemAlertId': f'a-{number}',
            'DisplayName': 'A beacon',
            'AlertSeverity': 'High',
            **cells,
        }
    )


def test_alerts_are_matched_with_what_was_sent(world: World, engine: Engine) -> None:
    world.store.load(hosts(3))
    engine.save_queries([query()], run='full')
    stix_id = world.live()["[domain-name:value = 'h0.example.com']"]['id']
    details = json.dumps({'IndicatorId': [f'{SOURCE_ID}---{stix_id}']})
    add_alert(world, 1, ExtendedProperties=json.dumps({'Custom Details': details}))
    entities = [{'Type': 'dns', 'DomainName': 'H1.example.com'}]
    add_alert(world, 2, Entities=json.dumps(entities))
    add_alert(world, 3, Entities=json.dumps([{'Type': 'account', 'Name': 'h2.example.com'}]))
    found = run_match(engine)
    assert {(each['summary'], each['kind']) for each in found['data']} == {
        ('h0.example.com', 'exact'),
        ('h1.example.com', 'value'),
    }
    assert (found['run']['outcome'], found['run']['count_alerts']) == ('complete', 3)
    assert all(each['web_link'] for each in found['data'])
    summary = engine.ask('GET', 'api/metric/summary')['matches']
    assert (summary['count_indicators'], summary['count_exact']) == (2, 1)
    value = engine.ask('POST', 'api/indicator/detail', {'value': 'h0.example.com'})
    assert [each['id'] for each in value['matches']['alerts']] == ['a-1']


@pytest.mark.parametrize(
    ('setting', 'value', 'outcome', 'code'),
    [
        ('has_access', False, 'failed', 'AZ-QUERY-403'),
        ('has_alert_table', False, 'no-table', None),
        ('protected_tables', 'SecurityAlert', 'complete', None),
    ],
)
def test_alerts_that_cannot_be_read_degrade_nothing(
    world: World, engine: Engine, setting: str, value: Any, outcome: str, code: str | None
) -> None:
    setattr(world.logs.settings, setting, value)
    world.store.load(hosts(3))
    add_alert(world, 1)
    run = run_match(engine)['run']
    assert (run['outcome'], run['date_seen']) == (outcome, None)
    assert (run['error'] or {'code': None})['code'] == code
    engine.save_queries([query()], run='full')
    assert len(world.live()) == 3
    assert engine.ask('GET', 'api/health')['conditions'] == []
