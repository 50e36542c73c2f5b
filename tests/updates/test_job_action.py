"""Jobs are cancelled and tried again, also at the very moment at which they begin."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest

from tests.harness.engine import OWNERS, Engine, World, hosts, outcomes, query
from tests.harness.waiting import until

pytestmark = pytest.mark.integration

ORGANIZATION, RESEARCH, _ = OWNERS


def refusal(engine: Engine, request_id: str, action: str) -> str:
    reply = engine.api('POST', f'api/job/request/{request_id}/{action}', {})
    assert reply.status_code == 409, reply.text
    return str(reply.json['description'])


def test_job_that_waits_in_a_running_update_is_cancelled_and_the_others_continue(
    world: World, engine: Engine
) -> None:
    world.store.load(hosts(5, ORGANIZATION, 'a') + hosts(5, RESEARCH, 'b'))
    engine.ask('POST', 'api/task/download/pause', {})
    engine.save_queries([query(owners=[ORGANIZATION]), query(owners=[RESEARCH])], wait=False)
    engine.look()
    until(engine.jobs, 'no update was queued')
    first, second = (job['request_id'] for job in engine.jobs())
    cancelled = engine.ask('POST', f'api/job/request/{first}/cancel', {})
    assert cancelled['status'] == 'Cancelled'
    assert (cancelled['failure_code'], cancelled['date_completed']) == (None, None)
    assert refusal(engine, first, 'cancel') == 'This request was cancelled already.'
    engine.ask('POST', 'api/task/download/resume', {})
    engine.wait()
    assert [job['status'] for job in engine.jobs()] == ['Cancelled', 'Upload Complete']
    assert len(world.live()) == 5
    assert 'it is "Upload Complete"' in refusal(engine, second, 'cancel')
    audit = engine.ask('GET', 'api/report/audit')['data']
    assert [entry['detail'] for entry in audit if entry['action'] == 'job-cancel'] == [first]
    # The query has a cursor all the same: its next delta leaves nothing out.
    world.clock.advance(120)
    engine.run_update('delta')
    engine.assert_right()


def test_update_that_has_not_begun_can_be_cancelled_as_a_whole(
    world: World, engine: Engine
) -> None:
    world.store.load(hosts(5))
    engine.save_queries([query()])
    engine.ask('POST', 'api/task/download/pause', {})
    running, waiting = engine.request_update('full'), engine.request_update('full')
    (job,) = engine.jobs(waiting)
    assert engine.ask('POST', f'api/job/request/{job["request_id"]}/cancel', {})
    engine.restart()
    engine.ask('POST', 'api/task/download/resume', {})
    engine.wait()
    assert [job['status'] for job in engine.jobs(running)] == ['Upload Complete']
    assert [job['status'] for job in engine.jobs(waiting)] == ['Cancelled']
    # It is no obstacle for the next one.
    engine.run_update('full')
    engine.assert_right()


def test_job_is_cancelled_or_started_but_never_both(world: World, engine: Engine) -> None:
    chance = random.Random(4)
    world.store.load(hosts(3))
    engine.save_queries([query()])
    seen = set()
    for _ in range(25):
        before = len(world.sentinel.requests)
        body = engine.ask('POST', 'api/job/request', {'mode': 'full'})
        (request_id,) = body['request_ids']
        threading.Event().wait(chance.uniform(0.0, 0.03))
        reply = engine.api('POST', f'api/job/request/{request_id}/cancel', {})
        engine.wait()
        status = engine.ask('GET', f'api/job/request/{request_id}')['status']
        sent = len(world.sentinel.requests) - before
        assert (reply.status_code, status, sent) in {
            (200, 'Cancelled', 0),
            (409, 'Upload Complete', 1),
        }
        seen.add(status)
    assert 'Cancelled' in seen
    engine.assert_right()


def test_failed_job_is_retried_from_the_same_time_on(world: World, engine: Engine) -> None:
    world.store.load(hosts(5))
    engine.save_queries([query()])
    world.clock.advance(3600)
    world.store.load(hosts(5) + hosts(4, prefix='n', lastModified=now_text(world)))
    world.sentinel.faults.add('forbidden-403', count=1)
    (failed,) = engine.run_update('delta')
    assert (failed['status'], failed['failure_code']) == ('Failed', 'AZ-403')
    path = f'api/job/request/{failed["request_id"]}/retry'

    engine.ask('POST', 'api/task/upload/pause', {})
    accepted = engine.api('POST', path, {})
    assert accepted.status_code == 202
    (request_id,) = accepted.json['request_ids']
    assert request_id in refusal(engine, failed['request_id'], 'retry')
    engine.ask('POST', 'api/task/upload/resume', {})
    engine.wait()
    retried = engine.ask('GET', f'api/job/request/{request_id}')
    assert (retried['retry_of'], retried['job_type']) == (failed['request_id'], 'ad-hoc')
    assert (retried['mode'], retried['status']) == ('delta', 'Upload Complete')
    start = 'last_modified_filter_start'
    assert retried[start] == failed[start] is not None
    assert outcomes(retried)['sent'] == 4
    engine.assert_right()
    assert 'Only a request that is Failed' in refusal(engine, request_id, 'retry')


def test_failed_full_job_is_retried_in_full(world: World, engine: Engine) -> None:
    world.store.load(hosts(5))
    world.sentinel.faults.add('forbidden-403', count=1)
    engine.save_queries([query()])
    (failed,) = engine.jobs()
    engine.ask('POST', f'api/job/request/{failed["request_id"]}/retry', {})
    engine.wait()
    assert (engine.jobs()[1]['mode'], engine.jobs()[1]['status']) == ('full', 'Upload Complete')
    engine.assert_right()


def test_query_that_is_gone_is_not_retried(
    world: World, make_engine: Callable[..., Engine]
) -> None:
    engine = make_engine()
    world.store.load(hosts(5))
    world.sentinel.faults.add('forbidden-403', count=1)
    engine.save_queries([query()])
    (failed,) = engine.jobs()
    engine.save_queries([query('confidence > 1')], wait=False)
    assert 'no longer in CONFIGURE' in refusal(engine, failed['request_id'], 'retry')


def test_unknown_job_is_not_found(engine: Engine) -> None:
    for action in ('cancel', 'retry'):
        assert engine.api('POST', f'api/job/request/nobody/{action}', {}).status_code == 404


def now_text(world: World) -> str:
    return world.clock.now().strftime('%Y-%m-%dT%H:%M:%SZ')
