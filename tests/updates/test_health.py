"""What goes wrong among the stand-ins is told by its condition, until it is mended."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.harness.engine import Engine, World, hosts, query
from tests.harness.pem import certificate_pem, key_pem, rsa_key
from tests.harness.waiting import until

pytestmark = pytest.mark.integration

Make = Callable[..., Engine]
HOUR_S = 3600


class Usage(NamedTuple):
    """What the system says of a disk."""

    total: int
    used: int
    free: int


def conditions(engine: Engine) -> dict[str, dict[str, Any]]:
    """What is wrong now, by code."""
    return {each['code']: each for each in engine.ask('GET', 'api/health')['conditions']}


def becomes(engine: Engine, *codes: str) -> dict[str, dict[str, Any]]:
    """Wait until exactly these conditions are told."""
    until(lambda: set(conditions(engine)) == set(codes), lambda: conditions(engine))
    found = conditions(engine)
    status = engine.ask('GET', 'api/health')['status']
    summary = engine.ask('GET', 'api/metric/summary')['health']
    heartbeat = engine.container.metrics()
    figures = engine.api('GET', 'api/metrics').text
    expected = 'decision' if 'withdrawal-waiting' in codes else 'degraded' if codes else 'healthy'
    assert (status, summary['status']) == (expected, expected)
    assert {each['code'] for each in summary['conditions']} == set(codes)
    assert heartbeat['Open Problems'] == len(summary['conditions'])
    assert f'ms_sentinel_health{{status="{expected}"}} 1' in figures
    return found


def start(world: World, engine: Engine, count: int = 5) -> None:
    world.store.load(hosts(count))
    engine.save_queries([query()], run='full')
    becomes(engine)


def test_expired_client_secret_fails_the_job_and_a_new_one_repairs_it(
    world: World, engine: Engine
) -> None:
    start(world, engine)
    engine.restart()
    world.store.load(hosts(5, prefix='new'))
    world.entra.faults.add('expired-secret')
    (job,) = engine.run_update('full')
    found = becomes(engine, 'credential-expired', 'job-failed')
    failed = found['job-failed']
    assert failed['title'] == 'The last Job of query 1 failed (AZ-TOKEN)'
    assert failed['link'] == {'screen': 'jobs', 'params': {'open': job['request_id']}}
    assert 'AADSTS7000222' in failed['reason']
    world.entra.faults.clear()
    engine.run_update('full')
    becomes(engine)


def test_missing_role_fails_the_job_and_the_check(world: World, engine: Engine) -> None:
    start(world, engine)
    world.store.load(hosts(5, prefix='new'))
    world.sentinel.settings.has_role = False
    engine.run_update('full')
    becomes(engine, 'job-failed')
    engine.ask('POST', 'api/health/check', {})
    becomes(engine, 'job-failed', 'check-failed')
    world.sentinel.settings.has_role = True
    engine.ask('POST', 'api/health/check', {})
    becomes(engine, 'job-failed')
    engine.run_update('full')
    becomes(engine)


@pytest.mark.parametrize(
    ('code', 'fault', 'mend'),
    [
        (
            'threatconnect-unavailable',
            lambda world: world.threatconnect.faults.on('drop'),
            lambda world: world.threatconnect.faults.off(),
        ),
        (
            'sentinel-unavailable',
            lambda world: world.sentinel.faults.add('empty-500'),
            lambda world: world.sentinel.faults.clear(),
        ),
        (
            'entra-unavailable',
            lambda world: world.entra.faults.add('server-error', endpoint='any'),
            lambda world: world.entra.faults.clear(),
        ),
    ],
)
def test_silent_system_is_reported_while_the_job_waits(
    world: World,
    engine: Engine,
    code: str,
    fault: Callable[[World], object],
    mend: Callable[[World], object],
) -> None:
    start(world, engine)
    engine.restart()
    world.store.load(hosts(5, prefix='new'))
    fault(world)
    engine.request_update('full')
    until(lambda: code in conditions(engine), lambda: conditions(engine))
    assert 'tries in a row' in conditions(engine)[code]['detail']
    mend(world)
    engine.wait()
    becomes(engine)


def test_paused_task_is_reported_and_so_is_the_update_that_it_delays(
    world: World, make_engine: Make
) -> None:
    engine = make_engine(schedule_interval_hours='1')
    start(world, engine)
    engine.ask('POST', 'api/task/schedule-updates/pause', {})
    found = becomes(engine, 'task-paused')
    assert found['task-paused']['link']['params'] == {'task': 'schedule-updates'}
    world.clock.advance(HOUR_S + 16 * 60)
    found = becomes(engine, 'task-paused', 'update-overdue')
    assert found['update-overdue']['remedy'] == 'Resume Schedule Updates in TASKS.'
    engine.ask('POST', 'api/task/schedule-updates/resume', {})
    engine.wait_for_schedule()
    becomes(engine)


def test_withdrawal_that_waits_needs_a_decision_until_it_is_confirmed(
    world: World, engine: Engine
) -> None:
    start(world, engine, 300)
    for row in list(world.store.rows()):
        world.store.delete(row['id'])
    world.clock.advance(600)
    (job,) = engine.run_update('delta')
    assert job['count_held_back'] == 300
    found = becomes(engine, 'withdrawal-waiting')
    waiting = found['withdrawal-waiting']
    assert waiting['title'] == 'Withdrawal of 300 objects needs your decision'
    assert waiting['link']['params'] == {'open': job['request_id']}
    engine.ask('POST', f'api/job/request/{job["request_id"]}/withdraw', {})
    engine.wait()
    becomes(engine)
    assert world.live() == {}


@pytest.mark.parametrize(
    ('days', 'code'), [(10, 'credential-expiring'), (-2, 'credential-expired')]
)
def test_expiry_of_a_certificate_is_reported(
    world: World, make_engine: Make, days: int, code: str
) -> None:
    key = rsa_key()
    engine = make_engine(client_secret=key_pem(key) + certificate_pem(key, days))
    assert code in becomes(engine, code)


def test_disk_that_runs_full_is_reported(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, 'disk_usage', lambda _: Usage(10**12, 0, 10**8))
    becomes(engine, 'disk-low')
    monkeypatch.undo()
    becomes(engine)
