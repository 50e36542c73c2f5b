"""Previews, lookups, checks and figures against what the stand-ins really hold and say."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest

from sentinel_app.diagnostics import preview as preview_module
from sentinel_app.diagnostics.check_result import CheckName
from tests.harness.engine import OWNERS, Engine, World, hosts, outcomes, query
from tests.harness.waiting import until

pytestmark = pytest.mark.integration


@pytest.fixture(scope='module')
def speed() -> float:
    """A pace at which time-outs of seconds make sense."""
    return 4.0


DEMO, RESEARCH, _ = OWNERS
Make = Callable[..., Engine]


def preview(engine: Engine, tql: str = '', **members: Any) -> dict[str, Any]:
    found: dict[str, Any] = engine.ask('POST', 'api/configure/preview', query(tql, **members))
    return found


def look_up(engine: Engine, value: str) -> dict[str, Any]:
    found: dict[str, Any] = engine.ask('POST', 'api/indicator/detail', {'value': value})
    return found


READ_NOTHING = ('read-back', 'skipped')
"""Both intervals are 0."""


def check(engine: Engine) -> dict[str, dict[str, Any]]:
    found = engine.ask('POST', 'api/health/check', {})
    return {each['name']: each for each in found['checks']}


def faulty(engine: Engine) -> dict[str, tuple[str, str, str]]:
    """Return the steps that are not well; one that is left out on purpose is."""
    found = unwell(engine)
    return {name: each for name, each in found.items() if (name, each[0]) != READ_NOTHING}


def unwell(engine: Engine) -> dict[str, tuple[str, str, str]]:
    return {
        name: (each['status'], each['message'], each['remedy'])
        for name, each in check(engine).items()
        if each['status'] != 'ok'
    }


@pytest.fixture
def reading(make_engine: Make) -> Engine:
    """The App, which reads back what it has sent."""
    return make_engine(verify_interval_hours='8784')


# -- preview


def test_preview_shows_what_the_update_then_does(engine: Engine, world: World) -> None:
    world.store.load(
        [
            *hosts(40, DEMO),
            *hosts(30, RESEARCH, dateAdded='2025-02-01T00:00:00Z'),
            *hosts(5, DEMO, prefix='old', externalDateExpires='2020-01-01T00:00:00Z'),
        ]
    )
    higher = query('confidence < 20', owners=[DEMO], indicator_types=['Host'])
    engine.save_queries([higher])
    lower = query(owners=[DEMO, RESEARCH], indicator_types=['Host', 'URL'])
    engine.ask('POST', 'api/configure/preview', lower)
    found = preview(engine, owners=[DEMO, RESEARCH], indicator_types=['Host', 'URL'])
    assert found['counts'] == [
        {'indicator_type': 'Host', 'count': 75},
        {'indicator_type': 'URL', 'count': 0},
    ]
    assert found['is_exact'] is True
    # 20 values in both owners, and the 5 expired ones with a low confidence are not sendable.
    assert (found['higher']['count'], found['higher']['basis']) == (40, 'threatconnect')
    assert [(each['outcome'], each['count']) for each in found['held_back']] == [('expired', 5)]
    assert found['estimated_objects'] == 20
    assert all(each['is_valid'] for row in found['indicators'] for each in row['objects'])
    before = world.sentinel.held_objects()
    engine.save_queries([*engine.queries, lower], 'full')
    (job,) = [each for each in engine.run_update('full') if each['query']['position'] == 1]
    new = world.sentinel.held_objects().keys() - before.keys()
    assert len(new) == job['count_object'] == found['estimated_objects']
    assert job['count_duplicate'] == found['higher']['count'] + 10


def test_objects_of_a_preview_are_those_that_are_sent(engine: Engine, world: World) -> None:
    world.store.load(hosts(3))
    shown = [each for row in preview(engine)['indicators'] for each in row['objects']]
    engine.save_queries([query()])
    held = world.sentinel.held_objects()
    for each in shown:
        sent = held[each['object']['id']]
        times = {'modified', 'valid_until', 'valid_from'}
        assert {k: v for k, v in sent.items() if k not in times} == {
            k: v for k, v in each['object'].items() if k not in times
        }


def test_preview_sends_nothing(engine: Engine, world: World) -> None:
    world.store.load(hosts(3))
    preview(engine)
    assert world.sentinel.requests == ()
    assert engine.jobs() == []


def test_threatconnects_own_words_are_shown_at_the_field(engine: Engine) -> None:
    reply = engine.api('POST', 'api/configure/preview', query('ratng > 3'))
    assert reply.status_code == 422
    (error,) = reply.json['errors']
    assert error['field'] == 'tql'
    assert 'ratng' in error['message']


def test_slow_threatconnect_request_is_ended_in_time(
    engine: Engine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview_module, 'COUNT_WITHIN_S', 0.5)
    engine.ask('GET', 'api/configure/options')
    world.threatconnect.faults.on('wait', wait_s=20.0)
    began = time.monotonic()
    reply = engine.api('POST', 'api/configure/preview', query())
    assert time.monotonic() - began < 20
    assert reply.status_code == 503
    assert 'narrower TQL' in reply.json['description']


@pytest.mark.parametrize('fault', ['random_order', 'ignores_sorting'])
def test_preview_works_on_unsorted_rows(engine: Engine, world: World, fault: str) -> None:
    world.store.load(hosts(20))
    world.threatconnect.faults.on(fault)
    assert preview(engine)['total_count'] == 20


# -- lookup


def test_value_is_followed_from_threatconnect_to_sentinel(engine: Engine, world: World) -> None:
    world.store.load(
        [
            *hosts(1, DEMO, prefix='evil'),
            *hosts(1, RESEARCH, prefix='evil'),
            *hosts(1, OWNERS[2], prefix='evil'),
        ]
    )
    engine.save_queries([query(owners=[RESEARCH]), query(owners=[DEMO])])
    found = look_up(engine, 'EVIL0.example.com')
    (sent,) = found['sent']
    assert (sent['owner'], sent['position'], sent['state']) == (RESEARCH, 0, 'live')
    held = world.sentinel.held()
    assert sent['sentinel_id'] in held
    assert sent['stix']['object'] == world.sentinel.held_objects()[sent['stix_id']]
    assert sent['stix']['is_valid'] is True
    assert f'"{sent["sentinel_id"]}"' in sent['kql']
    assert {each['owner']: each['fate'] for each in found['copies']} == {
        DEMO: 'duplicate',
        RESEARCH: 'chosen',
        OWNERS[2]: 'not-selected',
    }
    assert next(each for each in found['copies'] if each['fate'] == 'chosen')['reason'].endswith(
        'Sentinel holds it.'
    )


def test_refusal_by_sentinel_is_shown(engine: Engine, world: World) -> None:
    world.store.load(hosts(1, prefix='bad'))
    world.sentinel.faults.add('refuse-objects', contains='bad0')
    engine.save_queries([query()])
    found = look_up(engine, 'bad0.example.com')
    assert found['sent'] == []
    (refused,) = found['refused']
    assert (refused['attempts'], refused['position']) == (1, 0)
    assert 'Refused by the stand-in' in refused['error']['reason']
    assert [each['fate'] for each in found['copies']] == ['chosen']


def test_withdrawn_value_is_shown(engine: Engine, world: World) -> None:
    world.store.load(hosts(2, prefix='gone'))
    engine.save_queries([query()])
    row = next(each for each in world.store.rows() if each['summary'].startswith('gone0'))
    world.store.deactivate(row['id'])
    world.clock.advance(3600)
    engine.run_update('delta')
    found = look_up(engine, 'gone0.example.com')
    assert [each['state'] for each in found['sent']] == ['withdrawn']
    assert [(each['fate'], each['reason']) for each in found['copies']] == [
        ('withheld', 'It is not active in ThreatConnect.')
    ]


# -- check


def test_check_reports_success_where_all_is_well(engine: Engine, world: World) -> None:
    world.store.load(hosts(20))
    assert faulty(engine) == {}
    assert len(world.sentinel.requests) == 1
    assert world.sentinel.requests[0].ids == ()
    assert world.sentinel.held_objects() == {}


def test_workspace_that_accepts_an_empty_list_is_healthy_too(engine: Engine, world: World) -> None:
    world.sentinel.settings.empty_list_status = 200
    assert 'workspace' not in faulty(engine)


@pytest.mark.parametrize('status', [401, 403])
def test_missing_role_is_detected(engine: Engine, world: World, status: int) -> None:
    world.sentinel.settings.has_role = False
    world.sentinel.settings.role_status = status
    found = faulty(engine)
    assert found.keys() == {'workspace'}
    assert 'Microsoft Sentinel Contributor' in found['workspace'][2]


def test_wrong_workspace_is_detected(make_engine: Make) -> None:
    engine = make_engine(
        workspace_id='11111111-2222-4333-8444-555555555555', verify_interval_hours='8784'
    )
    found = faulty(engine)
    assert found.keys() == {'workspace', 'read-back'}
    assert 'Sentinel Workspace ID' in found['workspace'][2]
    assert found['read-back'][0] == 'warning'
    assert 'Sentinel Workspace ID' in found['read-back'][2]


def test_wrong_client_secret_is_detected(make_engine: Make) -> None:
    found = faulty(make_engine(client_secret='wrong~secret~value~of~some~length'))
    assert found['token'][0] == 'failed'
    assert 'Client Secret' in found['token'][2]
    assert found['workspace'][0] == 'skipped'


def test_missing_access_to_the_tables_degrades_nothing(reading: Engine, world: World) -> None:
    engine = reading
    world.logs.settings.has_access = False
    found = faulty(engine)
    assert found.keys() == {'read-back'}
    assert found['read-back'][0] == 'warning'
    assert 'Data.Read' in found['read-back'][2]
    assert engine.ask('GET', 'api/health')['status'] == 'healthy'
    world.logs.settings.has_access = True
    assert faulty(engine) == {}


def test_tables_are_not_read_where_both_intervals_are_0(engine: Engine, world: World) -> None:
    assert {name: each[0] for name, each in unwell(engine).items()} == {'read-back': 'skipped'}
    assert world.logs.requests == ()


def test_rows_are_read_back_after_an_update(reading: Engine, world: World) -> None:
    world.store.load(hosts(2))
    reading.save_queries([query()])
    assert check(reading)['read-back']['message'].endswith('and shows Indicators.')


def test_secret_that_went_bad_is_detected_although_a_token_is_cached(
    engine: Engine, world: World
) -> None:
    world.store.load(hosts(2))
    engine.save_queries([query()])
    world.entra.faults.add('expired-secret')
    assert faulty(engine)['token'][0] == 'failed'


def test_incomplete_paging_is_detected(engine: Engine, world: World) -> None:
    world.store.load(hosts(30))
    world.threatconnect.faults.on('ignores_id_filter')
    found = faulty(engine)
    assert found.keys() == {'paging'}
    assert 'sort by id' in found['paging'][1]


def test_clock_skew_is_detected(engine: Engine, world: World) -> None:
    world.threatconnect.faults.on('clock_skew', seconds=180)
    found = faulty(engine)
    assert found.keys() == {'clock'}
    assert 'behind' in found['clock'][1]


def test_unreachable_threatconnect_is_detected_in_time(engine: Engine, world: World) -> None:
    world.threatconnect.faults.on('drop')
    found = faulty(engine)
    assert {name for name, each in found.items() if each[0] == 'failed'} == {'threatconnect'}


def test_check_keeps_to_the_limit(make_engine: Make, world: World) -> None:
    engine = make_engine(requests_per_minute='2')
    results = [check(engine)['workspace']['status'] for _ in range(3)]
    assert results == ['ok', 'ok', 'skipped']
    assert len(world.sentinel.requests) == 2


def test_check_at_the_start_is_logged_and_delays_nothing(
    engine: Engine, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.threatconnect.faults.on('wait', wait_s=0.5)

    def has_ended() -> bool:
        return any('name=disk' in each.getMessage() for each in caplog.records)

    with caplog.at_level(logging.INFO, 'sentinel_app'):
        engine.container.lifecycle.check()
        assert not has_ended()
        until(has_ended, 'the check did not end')
    lines = [each.getMessage() for each in caplog.records if 'event=check ' in each.getMessage()]
    assert len(lines) == len(CheckName)


# -- figures


def test_figures_are_those_of_the_jobs(engine: Engine, world: World) -> None:
    world.store.load([*hosts(30), *hosts(4, prefix='bad')])
    world.sentinel.faults.add('refuse-objects', contains='bad')
    engine.save_queries([query()])
    (job,) = engine.jobs()
    until(
        lambda: engine.ask('GET', 'api/metric/summary')['last_update'] is not None,
        'the update does not end',
    )
    world.clock.advance(10)
    found = engine.ask('GET', 'api/metric/summary')
    assert found['objects_live'] == 30
    assert found['by_type'] == [{'indicator_type': 'Host', 'count': 30}]
    (saved,) = engine.queries
    last = max(dt.datetime.fromisoformat(stix['valid_until']) for stix in world.live().values())
    # To the end of the hour.
    expires_by = dt.datetime.fromtimestamp(-(-last.timestamp() // 3600) * 3600, dt.UTC)
    assert found['by_query'] == [
        {
            'query_id': saved['id'],
            'position': 0,
            'label': f'All Indicators in {", ".join(saved["owners"])}',
            'label_scope': {name: saved[name] for name in ('indicator_types', 'owners')},
            'is_enabled': True,
            'owners': saved['owners'],
            'indicator_types': saved['indicator_types'],
            'count': 30,
            'expires_by': expires_by.isoformat().replace('+00:00', 'Z'),
        }
    ]
    for figures in (found['total'], found['last_update']['figures']):
        assert (figures['jobs'], figures['read']) == (1, 34)
        assert (figures['sent'], figures['refused']) == (30, 4)
        assert figures['requests'] == job['count_request']
    assert found['running'] is None
    hours = engine.ask('GET', 'api/metric/history')['data']
    assert sum(each['sent'] for each in hours) == 30
    engine.restart()
    assert engine.ask('GET', 'api/metric/summary')['total'] == found['total']


def test_figures_while_an_update_runs(engine: Engine, world: World) -> None:
    world.store.load(hosts(500))
    world.sentinel.settings.latency_s = 0.5
    engine.save_queries([query()], wait=False)
    until(lambda: engine.ask('GET', 'api/metric/summary')['limit']['used'] > 0, 'nothing is sent')
    found = engine.ask('GET', 'api/metric/summary')
    assert found['running']['mode'] == 'full'
    assert found['running']['expected'] == 500
    assert found['total']['jobs'] == 0
    engine.wait()
    until(
        lambda: engine.ask('GET', 'api/metric/summary')['running'] is None,
        'the update does not end',
    )
    end_at = engine.ask('GET', 'api/metric/summary')['last_update']['date_ended']
    assert dt.datetime.fromisoformat(end_at) <= world.clock.now()
    # What is live is counted anew every ten seconds.
    world.clock.advance(10)
    assert 'ms_sentinel_objects_live{type="Host"} 500' in engine.api('GET', 'api/metrics').text


def test_list_is_exported_and_imported_into_another_service(
    make_engine: Make, world: World
) -> None:
    first, second = make_engine(), make_engine()
    first.save_queries([query('confidence > 5', owners=[DEMO]), query('confidence > 7')])
    file = first.ask('GET', 'api/configure/export')
    stored = second.ask('PUT', 'api/configure/import', {'version': 0, 'file': file})
    assert [each['tql'] for each in stored['queries']] == ['confidence > 5', 'confidence > 7']
    ids = {each['id'] for each in stored['queries']}
    assert not ids & {each['id'] for each in file['queries']}
    second.wait_for_schedule()


# -- answers to other questions


@pytest.mark.parametrize(
    ('name', 'params'),
    [('drops_parameter', {'which': 'tql'}), ('changed_rows', {'value': RESEARCH})],
)
def test_answer_to_another_question_is_shown_as_an_error(
    engine: Engine, world: World, name: str, params: dict[str, Any]
) -> None:
    world.store.load([*hosts(20, DEMO), *hosts(20, RESEARCH, prefix='r')])
    asked = query('confidence < 50', owners=[DEMO], indicator_types=['Host'])
    world.threatconnect.faults.on(name, **params)
    reply = engine.api('POST', 'api/configure/preview', asked)
    assert (reply.status_code, reply.json['code']) == (503, 'TC-ANSWER')
    assert 'proxy or gateway' in reply.text


def test_tql_that_does_not_arrive_is_detected_by_every_caller(engine: Engine, world: World) -> None:
    # All rows fit the owners and types, so that only what must be empty gives it away.
    world.store.load(hosts(20, DEMO))
    asked = query('confidence < 5', owners=[DEMO], indicator_types=['Host'])
    engine.save_queries([asked])
    world.threatconnect.faults.on('drops_parameter', which='tql')
    for call in ('api/configure/preview', 'api/configure/check'):
        reply = engine.api('POST', call, asked)
        assert (reply.status_code, reply.json['code']) == (503, 'TC-ANSWER')
    found = look_up(engine, 'h1.example.com')
    assert 'does not fit the question' in found['source_error']
    status, message, remedy = faulty(engine)['paging']
    assert (status, 'does not fit the question' in message) == ('failed', True)
    assert 'proxy or gateway' in remedy


# -- what is held back


def test_label_beginning_with_tlp_is_held_back_in_preview_update_and_lookup(
    world: World, make_engine: Callable[..., Engine]
) -> None:
    labels = ('TLP RED', 'tlp-red', 'TLP\uff1aRED', 'TLP:RED ORGANIZATION ONLY', 'TLP:')
    rows = hosts(2)
    for number, label in enumerate(labels):
        labeled = {'data': [{'id': 1, 'name': 'Internal'}, {'id': 2, 'name': label}]}
        rows += hosts(1, prefix=f'red{number}-', securityLabels=labeled)
    world.store.load(rows)
    engine = make_engine(max_tlp='TLP:AMBER+STRICT')
    (held,) = preview(engine)['held_back']
    assert (held['outcome'], held['count']) == ('withheld', len(labels))
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert outcomes(job) == {'sent': 2, 'withheld': len(labels)}
    reasons = {each['summary']: each['reason'] for each in held['examples']}
    for number, label in enumerate(labels):
        value = f'red{number}-0.example.com'
        (copy,) = look_up(engine, value)['copies']
        for reason in (copy['reason'], reasons.get(value, copy['reason'])):
            assert f"It is labeled '{label}', which" in reason
            assert 'TLP:AMBER+STRICT is the highest level to send' in reason


@pytest.mark.parametrize('labels', [None, [{'name': 'TLP:CLEAR'}], 'TLP:CLEAR', {'data': ['x']}])
def test_missing_labels_hold_an_indicator_back_where_there_is_a_limit(
    world: World, make_engine: Callable[..., Engine], labels: object
) -> None:
    world.store.load(hosts(3))
    world.threatconnect.faults.on('odd_labels', labels=labels)
    engine = make_engine(max_tlp='TLP:AMBER+STRICT')
    assert 'TLP level is unknown' in preview(engine)['held_back'][0]['examples'][0]['reason']
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert outcomes(job) == {'withheld': 3}


def test_missing_labels_change_nothing_where_there_is_no_limit(
    world: World, engine: Engine
) -> None:
    world.store.load(hosts(3))
    world.threatconnect.faults.on('odd_labels')
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert outcomes(job) == {'sent': 3}
