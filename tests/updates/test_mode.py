"""What full, delta and reconcile updates read and send, and when they run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.harness.engine import OWNERS, Engine, World, hosts, outcomes, query
from tests.harness.waiting import until
from tests.simulators import demo

pytestmark = pytest.mark.integration

HOUR_S = 3600.0


def test_full_update_sends_everything_that_the_queries_select(world: World, engine: Engine) -> None:
    rows = demo.load_indicators(own=True)
    world.store.load(rows)
    engine.save_queries(demo.demo_queries(rows))
    live = engine.assert_right()
    jobs = engine.last_jobs()
    assert [job['mode'] for job in jobs] == ['full'] * 3
    assert [job['status'] for job in jobs] == ['Upload Complete'] * 3
    assert len(live) > 200
    again = engine.run_update('full')
    assert [outcomes(job) for job in again] == [outcomes(job) for job in jobs]
    assert set(world.sentinel.table.versions().values()) == {2}
    engine.assert_right()


def test_full_update_run_at_once_is_not_followed_by_the_one_that_a_save_required(
    world: World, engine: Engine
) -> None:
    world.store.load(hosts(30))
    saved = engine.save_queries([query()])
    engine.save_queries(saved, run='full')
    assert engine.ask('GET', 'api/configure')['next_update']['mode'] == 'full'
    world.sentinel.faults.add('forbidden-403', count=1)
    (failed,) = engine.run_update('full')
    assert failed['status'] == 'Failed'
    assert engine.ask('GET', 'api/configure')['next_update']['mode'] == 'full'
    (job,) = engine.run_update('full')
    assert outcomes(job) == {'sent': 30}
    until(
        lambda: engine.ask('GET', 'api/configure')['next_update']['mode'] == 'delta',
        'the full update stays required',
    )
    engine.assert_right()


def test_delta_sends_only_what_is_new_or_changed(world: World, engine: Engine) -> None:
    world.store.load(hosts(30))
    engine.save_queries([query()])
    rows = world.store.rows()
    for row in rows[:3]:
        world.store.modify(row['id'], confidence=99)
    world.store.modify(rows[5]['id'])  # a new lastModified alone is no change
    world.store.add(hosts(1, prefix='new')[0] | {'lastModified': world.store.now_text()})
    (job,) = engine.run_update('delta')
    assert outcomes(job) == {'sent': 4, 'unchanged': 1}
    engine.assert_right()


def test_reconcile_reads_everything_and_sends_what_is_missing_or_changed(
    world: World, engine: Engine
) -> None:
    world.store.load(hosts(30))
    engine.save_queries([query()])
    rows = world.store.rows()
    # Such a change escapes a delta.
    world.store.modify(rows[0]['id'], touch=False, confidence=77)
    (delta,) = engine.run_update('delta')
    assert outcomes(delta) == {}
    (job,) = engine.run_update('reconcile')
    assert outcomes(job) == {'sent': 1, 'unchanged': 29}
    engine.assert_right()


def test_object_is_refreshed_when_half_of_its_ttl_has_passed(
    world: World, make_engine: Callable[..., Engine]
) -> None:
    engine = make_engine(ttl_hours_host='24')
    world.store.load(hosts(5))
    engine.save_queries([query()])
    world.clock.advance(11 * HOUR_S)
    assert outcomes(engine.run_update('reconcile')[0]) == {'unchanged': 5}
    world.clock.advance(2 * HOUR_S)
    assert outcomes(engine.run_update('reconcile')[0]) == {'sent': 5}
    assert outcomes(engine.run_update('reconcile')[0]) == {'unchanged': 5}
    world.clock.advance(23 * HOUR_S)
    assert len(engine.assert_right()) == 5


def test_changed_query_list_sets_the_mode_of_the_next_scheduled_update(
    world: World, make_engine: Callable[..., Engine]
) -> None:
    engine = make_engine(schedule_interval_hours='24')
    world.store.load(hosts(4))
    saved = engine.save_queries([query()])
    assert engine.last_jobs()[0]['job_type'] == 'scheduled'
    for run, mode in (('full', 'full'), ('delta', 'delta'), (None, 'delta')):
        before = len(engine.jobs())
        engine.save_queries(saved, run)
        assert len(engine.jobs()) == before
        world.clock.advance(24 * HOUR_S)
        engine.wait_for_schedule()
        (job,) = engine.last_jobs()
        assert (job['job_type'], job['mode']) == ('scheduled', mode)
        assert len(engine.jobs()) == before + 1


def test_updates_missed_during_downtime_become_one_delta(
    world: World, make_engine: Callable[..., Engine]
) -> None:
    engine = make_engine(schedule_interval_hours='24')
    world.store.load(hosts(10))
    engine.save_queries([query()])
    engine.stop()
    for row in world.store.rows()[:4]:
        world.clock.advance(24 * HOUR_S)
        world.store.modify(row['id'], confidence=100)
    engine.start()
    engine.wait_for_schedule()
    assert len(engine.jobs()) == 2
    (job,) = engine.last_jobs()
    assert (job['mode'], outcomes(job)) == ('delta', {'sent': 4})
    engine.assert_right()


def test_reconcile_runs_by_itself(world: World, make_engine: Callable[..., Engine]) -> None:
    engine = make_engine(schedule_interval_hours='24', reconcile_interval_hours='60')
    world.store.load(hosts(3))
    engine.save_queries([query()])
    for _ in range(6):
        world.clock.advance(24 * HOUR_S + 60)
        engine.wait_for_schedule()
    assert [job['mode'] for job in engine.jobs()] == [
        *('full', 'delta', 'delta', 'reconcile', 'delta', 'delta', 'reconcile')
    ]


def test_second_update_waits_for_the_first(world: World, engine: Engine) -> None:
    world.store.load(hosts(20))
    engine.save_queries([query()])
    world.threatconnect.faults.on('wait', wait_s=0.1)
    first = engine.request_update('full')
    second = engine.request_update('reconcile')
    until(
        lambda: engine.jobs(first)[0]['status'] == 'Download In Progress',
        'the first update does not begin',
    )
    assert engine.jobs(second)[0]['status'] == 'Pending'
    engine.wait()
    before, after = engine.jobs(first)[0], engine.jobs(second)[0]
    assert before['status'] == after['status'] == 'Upload Complete'
    assert before['date_completed'] <= after['date_started']
    engine.assert_right()


def test_update_of_some_queries_leaves_the_others_alone(world: World, engine: Engine) -> None:
    world.store.load(hosts(3, OWNERS[0], 'a') + hosts(3, OWNERS[1], 'b'))
    first, second = engine.save_queries([query(owners=[owner]) for owner in OWNERS[:2]])
    for row in world.store.rows():
        world.store.modify(row['id'], confidence=55)
    (job,) = engine.run_update('delta', query_ids=[second['id']])
    assert (job['query']['id'], outcomes(job)) == (second['id'], {'sent': 3})
    # The cursor of the other query has not moved.
    jobs = engine.run_update('delta')
    assert [outcomes(job) for job in jobs] == [{'sent': 3}, {'unchanged': 3}]
    assert jobs[0]['query']['id'] == first['id']
    engine.assert_right()


def test_edited_query_starts_at_the_last_run_in_a_delta(world: World, engine: Engine) -> None:
    world.store.load(hosts(10))
    saved = engine.save_queries([query('confidence < 5')])
    engine.save_queries([saved[0] | {'tql': 'confidence < 8'}], 'delta')
    old = {row['id'] for row in world.store.rows()}
    world.clock.advance(HOUR_S)
    world.store.add(hosts(1, prefix='new')[0] | {'lastModified': world.store.now_text()})
    (job,) = engine.run_update('delta')
    assert outcomes(job) == {'sent': 1}
    assert len(old) == 10
    engine.run_update('full')
    assert len(engine.assert_right()) == 9
