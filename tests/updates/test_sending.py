"""What Sentinel is sent, in which order, and what becomes of each answer."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sentinel_app.pipeline import upload as upload_module
from tests.harness.engine import FINAL, Engine, Job, ScaledClock, World, hosts, outcomes, query
from tests.simulators.certificates import Certificates
from tests.simulators.sentinel import ErrorListName, RetryAfter

pytestmark = pytest.mark.integration

IN_FLIGHT = 8
"""Requests that may be under way at once."""


def confidences(world: World) -> list[list[int]]:
    """Return the confidence of each object sent, request by request."""
    held = world.sentinel.held_objects()
    return [[held[id_]['confidence'] for id_ in seen.ids] for seen in world.sentinel.requests]


@pytest.mark.parametrize(('direction', 'sign'), [('asc', 1), ('desc', -1)])
def test_sort_field_decides_the_order_of_sending(
    world: World, engine: Engine, direction: str, sign: int
) -> None:
    # Every value of confidence a few times, spread over the ids.
    rows = hosts(950)
    for number, row in enumerate(rows):
        row['confidence'] = number * 37 % 101
    world.store.load(rows)
    world.threatconnect.faults.on('page_cap', rows=200)
    engine.save_queries([query(sort_field='confidence', sort_direction=direction)])
    sent = confidences(world)
    assert [len(batch) for batch in sent].count(100) == 9
    for batch in sent:
        assert batch == sorted(batch, key=lambda value: sign * value)
    # Batches under way at the same time may pass each other.
    wanted = sorted((row['confidence'] for row in rows), key=lambda value: sign * value)
    for place, batch in enumerate(sent):
        earliest = max(0, place - IN_FLIGHT) * 100
        latest = min(len(sent) - 1, place + IN_FLIGHT) * 100
        assert batch[0] in wanted[earliest : latest + 100]
    engine.assert_right()


def test_indicators_each_have_exactly_one_outcome(
    world: World, make_engine: Callable[..., Engine]
) -> None:
    label = {'securityLabels': {'data': [{'id': 1, 'name': 'TLP:RED'}]}}
    odd: list[dict[str, Any]] = [
        *hosts(4),
        *hosts(2, prefix='red', **label),
        *hosts(1, prefix='intra', hostName='x.corp.example.net'),
        *hosts(1, prefix='gone', externalDateExpires='2025-06-30T00:00:00Z'),
        *hosts(3, prefix='no'),
        {'type': 'Address', 'ownerName': 'Demo Research', 'ip': '192.0.2.300'},
        {'type': 'Host', 'ownerName': 'Demo Research', 'hostName': 'h0.example.com'},
        {'type': 'File', 'ownerName': 'Demo Research', 'md5': 'A' * 32},
    ]
    world.store.load(odd)
    world.threatconnect.faults.on('changed_rows', member='md5', value='not a hash')
    world.sentinel.faults.add('refuse-objects', contains="'no")
    engine = make_engine(max_tlp='TLP:AMBER', never_send='corp.example.net')
    engine.save_queries([query(owners=['Demo Organization']), query(owners=['Demo Research'])])
    first, second = engine.last_jobs()
    assert outcomes(first) == {'sent': 4, 'withheld': 3, 'expired': 1, 'refused': 3}
    assert outcomes(second) == {'duplicate': 1, 'unsupported': 1, 'invalid': 1}
    assert {error['code'] for error in engine.errors(second['request_id'])} == {
        'MAP-TYPE',
        'MAP-VALUE',
    }


@pytest.mark.parametrize('name', list(ErrorListName))
def test_refusals_are_recorded_with_their_reasons(
    world: World, engine: Engine, name: ErrorListName
) -> None:
    world.sentinel.settings.error_list_name = name
    world.store.load(hosts(120))
    world.sentinel.faults.add('refuse-objects', contains="'h7")
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert outcomes(job) == {'sent': 109, 'refused': 11}
    errors = engine.errors(job['request_id'])
    assert sum(error['count'] for error in errors) == 11
    assert {error['code'] for error in errors} == {'AZ-ITEM'}
    assert all('Refused by the stand-in.' in error['reason'] for error in errors)


@pytest.mark.parametrize('status', [400, 200])
def test_batch_refused_as_a_whole_with_a_list_is_read_like_any_other(
    world: World, engine: Engine, status: int
) -> None:
    world.sentinel.settings.all_refused_status = status
    world.store.load(hosts(5))
    world.sentinel.faults.add('refuse-objects', contains='example.com')
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert outcomes(job) == {'refused': 5}


def test_whole_400_is_halved_down_to_the_culprits(world: World, engine: Engine) -> None:
    world.store.load(hosts(100))
    world.sentinel.faults.add('refuse-batch', contains="'h42.")
    world.sentinel.faults.add('refuse-batch', contains="'h77.")
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert outcomes(job) == {'sent': 98, 'refused': 2}
    assert {error['code'] for error in engine.errors(job['request_id'])} == {'AZ-400'}
    world.clear_faults()
    engine.run_update('full')
    engine.assert_right()


@pytest.mark.parametrize(('size', 'is_stopped'), [(8, True), (7, False)])
def test_update_stops_with_advice_when_eight_objects_are_refused_one_by_one(
    world: World,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    is_stopped: bool,
) -> None:
    monkeypatch.setattr(upload_module, 'MAX_OBJECTS', size)
    world.store.load(hosts(20 * size))
    world.sentinel.faults.add('refuse-batch', contains='example.com')
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    if is_stopped:
        assert (job['status'], job['failure_code']) == ('Failed', 'AZ-400')
        assert 'refuses each request whole, even with one object' in job['failure_reason']
        assert 'Sentinel Source Name' in job['failure_reason']
        assert job['count_failed'] > 0
        messages = [error['message'] for error in engine.errors(job['request_id'])]
        assert sum('refuses each request whole' in message for message in messages) == 1
    else:
        assert (job['status'], outcomes(job)) == ('Upload Complete', {'refused': 20 * size})


@pytest.mark.parametrize('params', [{'objects': 9}, {'bytes': 6_000}])
def test_413_is_halved_until_it_fits(world: World, engine: Engine, params: dict[str, int]) -> None:
    world.store.load(hosts(130))
    world.sentinel.faults.add('too-large', **params)
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert outcomes(job) == {'sent': 130}
    engine.assert_right()


@pytest.mark.parametrize(
    ('fault', 'code', 'remedy'),
    [
        ('forbidden-403', 'AZ-403', 'Microsoft Sentinel Contributor'),
        ('not-found-404', 'AZ-404', 'Workspace ID'),
        ('empty-401', 'AZ-401', ''),
        ('expired-401', 'AZ-401', ''),
    ],
)
def test_permanent_error_stops_the_update_with_the_remedy(
    world: World, engine: Engine, fault: str, code: str, remedy: str
) -> None:
    world.store.load(hosts(2_500))
    world.sentinel.faults.add(fault)
    engine.save_queries([query('confidence < 50'), query()])
    jobs = engine.last_jobs()
    assert {(job['status'], job['failure_code']) for job in jobs} == {('Failed', code)}
    assert all(remedy in job['failure_reason'] for job in jobs)
    # REPORTS tells it of each of them.
    for job in jobs:
        (error,) = engine.errors(job['request_id'])
        assert (error['code'], error['count']) == (code, 1)
        assert job['failure_reason'].startswith(error['message'])
    assert sum(job['count_sent'] for job in jobs) == 0
    assert sum(job['count_failed'] for job in jobs) > 0
    # One for each that was under way, a 401 twice; the rest is not even tried.
    assert len(world.sentinel.requests) <= 2 * IN_FLIGHT
    world.clear_faults()
    engine.run_update('delta')
    engine.assert_right()


def test_token_that_expires_early_is_replaced_once_for_all(world: World, engine: Engine) -> None:
    world.store.load(hosts(900))
    engine.save_queries([query()])
    before = len(world.entra.token_requests)
    world.entra.issuer.invalidate_all()
    (job,) = engine.run_update('full')
    assert outcomes(job) == {'sent': 900}
    assert len(world.entra.token_requests) == before + 1
    engine.assert_right()


@pytest.mark.parametrize(
    'fault', ['empty-500', 'gateway-500', 'html-503', 'gateway-504', 'drop-before', 'drop-after']
)
@pytest.mark.parametrize('rate', [0.3])
def test_transient_errors_lose_nothing(
    world: World, engine: Engine, fault: str, rate: float
) -> None:
    world.store.load(hosts(1_200))
    world.sentinel.faults.add(fault, rate=rate, seed=4)
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert outcomes(job) == {'sent': 1_200}
    engine.assert_right()


@pytest.mark.parametrize('form', list(RetryAfter))
def test_429_is_waited_out_in_every_form(world: World, engine: Engine, form: RetryAfter) -> None:
    world.store.load(hosts(90))
    world.sentinel.faults.add('throttle', count=2, wait_s=45, retry_after=form)
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert (outcomes(job), job['count_throttled']) == ({'sent': 90}, 2)
    assert [seen.status for seen in world.sentinel.requests] == [429, 429, 200]
    # Where the header is missing or cannot be meant, the number in the text is true.
    times = [seen.at for seen in world.sentinel.requests]
    assert all(44 <= later - earlier < 150 for earlier, later in pairwise(times))
    engine.assert_right()


def test_wait_for_the_limit_is_counted_while_it_passes(
    certificates: Certificates, tmp_path: Path
) -> None:
    sightings: list[Job] = []

    def has_ended() -> bool:
        sightings.append(engine.last_jobs()[0])
        return sightings[-1]['status'] in FINAL

    # The wait of a minute lasts 6 s, in which it is seen many times.
    with World(certificates, clock=ScaledClock(5), limit_count=10) as world:
        world.store.load(hosts(1_100))
        with Engine(world, tmp_path / 'app', requests_per_minute='10') as engine:
            engine.save_queries([query()], wait=False)
            engine.look()
            engine.until(engine.jobs, 'the update was not queued')
            engine.until(has_ended, 'the Job does not end')
    job = sightings[-1]
    assert outcomes(job) == {'sent': 1_100}
    waits = {
        seen['limit_wait_seconds']
        for seen in sightings
        if seen['waiting_seconds'] is not None and seen['count_sent'] == 1_000
    }
    # What is stored changes only once, when the last request goes out.
    assert len(waits) >= 5
    assert max(waits) - min(waits) > 20
    assert job['limit_wait_seconds'] >= max(waits)


def test_limit_is_kept_and_used(certificates: Certificates, tmp_path: Path) -> None:
    # Slower than elsewhere: the App allows 2 s of its time for a request to arrive.
    with World(certificates, clock=ScaledClock(10), limit_count=10) as world:
        world.store.load(hosts(1_500))
        with Engine(world, tmp_path / 'app', requests_per_minute='10') as engine:
            engine.save_queries([query()])
            (job,) = engine.last_jobs()
        assert (outcomes(job), job['count_throttled']) == ({'sent': 1_500}, 0)
        first, *_, last = world.sentinel.limit.arrivals()
        # 15 requests at 10 a minute: a full minute, and what this machine needs by itself.
        assert 60 <= last - first < 120
        assert world.sentinel.limit.busiest() == 10
