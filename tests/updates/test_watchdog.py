"""A step that hangs is killed, another thread goes on, and the late step does no harm."""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sentinel_app.container import build_container
from sentinel_app.core.task import TASK_FACTS
from sentinel_app.pipeline.page_decision import PageDecision
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.maintenance.upkeep import DiskUpkeep
from sentinel_app.storage.orphans import Orphans
from sentinel_app.storage.update_store import UpdateStore
from sentinel_app.tasks.update_queue import UpdateQueue
from tests.harness.engine import OWNERS, Engine, World, assert_accounting, hosts, outcomes, query
from tests.harness.waiting import until
from tests.updates.test_task import act, job_of, pause_s, task

pytestmark = pytest.mark.integration

ORGANIZATION, RESEARCH, _ = OWNERS
LONGEST_HANG_S = 60.0


@pytest.fixture
def hasty(make_engine: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Starts the App with Tasks that time out after two real seconds."""
    facts = tuple(dataclasses.replace(each, timeout_s=200) for each in TASK_FACTS)
    built = functools.partial(build_container, task_facts=facts)
    monkeypatch.setattr('tests.harness.engine.build_container', built)
    return make_engine


def test_request_that_hangs_while_reading_is_abandoned(
    world: World, hasty: Callable[..., Engine]
) -> None:
    engine = hasty()
    world.store.load(hosts(50, ORGANIZATION, 'a') + hosts(50, RESEARCH, 'b'))
    world.threatconnect.faults.on('wait', 1, path='/api/v3/indicators', wait_s=12.0)
    engine.save_queries([query(owners=[ORGANIZATION]), query(owners=[RESEARCH])], wait=False)
    engine.look()
    until(engine.jobs, 'no update was queued')
    first = str(engine.jobs()[0]['request_id'])
    # Its thread still waits for the answer when another one has read the second query.
    until(lambda: not engine.jobs(is_open=True), 'it goes on for ever', 10)
    assert [job['status'] for job in engine.jobs()] == ['Failed', 'Upload Complete']
    failed = job_of(engine, first)
    assert failed['failure_code'] == 'RUN-TIME'
    assert 'The watchdog killed the Task Download' in failed['failure_reason']
    world.clock.advance(120)
    engine.run_update('delta')
    engine.assert_right()
    # The answer comes in the end, and changes nothing.
    pause_s(8)
    assert job_of(engine, first) == failed
    assert engine.ask('GET', 'api/health')['status'] == 'healthy'
    engine.assert_right()


def test_request_that_hangs_while_sending_is_abandoned(
    world: World, hasty: Callable[..., Engine]
) -> None:
    engine = hasty()
    world.store.load(hosts(350))
    world.sentinel.faults.add('slow', count=1, wait_s=10.0)
    engine.save_queries([query()], wait=False)
    engine.look()
    until(lambda: bool(engine.jobs()) and not engine.jobs(is_open=True), 'it hangs', 8)
    (job,) = engine.jobs()
    assert (job['status'], job['failure_code']) == ('Failed', 'RUN-TIME')
    # The request that hangs has a batch of them, which need not be a full one.
    failed = outcomes(job)['failed']
    assert failed in {50, 100}
    assert outcomes(job) == {'sent': 350 - failed, 'failed': failed}
    assert_accounting(job)
    pause_s(8)
    # Sentinel has them after all, and now the ledger knows.
    (again,) = engine.run_update('reconcile')
    assert outcomes(again) == {'unchanged': 350}
    engine.assert_right()
    # Upload was killed, and is well again once a later update is complete.
    assert engine.ask('GET', 'api/health')['status'] == 'healthy'


def test_stage_that_waits_for_the_limit_or_backs_off_is_alive(
    world: World, hasty: Callable[..., Engine]
) -> None:
    engine = hasty(requests_per_minute='1')
    world.store.load(hosts(250))
    # A wait of a quarter of an hour, on top of minutes for the limit.
    world.sentinel.faults.add('throttle', count=1, wait_s=900)
    engine.save_queries([query()], wait=False)
    engine.look()
    until(lambda: len(world.sentinel.requests) > 0, 'nothing is sent')
    ages = []
    while engine.jobs(is_open=True):
        view = task(engine, 'upload')
        ages.append(view['heartbeat_age'] or 0.0)
        pause_s(0.1)
    (job,) = engine.jobs()
    assert (job['status'], outcomes(job)) == ('Upload Complete', {'sent': 250})
    assert job['upload_runtime'] > 900
    assert len(ages) > 20
    engine.assert_right()


def test_machine_that_stood_still_kills_nothing(world: World, hasty: Callable[..., Engine]) -> None:
    engine = hasty()
    world.store.load(hosts(5))
    world.sentinel.faults.add('slow', count=1, wait_s=1.2)
    engine.save_queries([query()], wait=False)
    engine.look()
    until(lambda: len(world.sentinel.requests) > 0, 'nothing is sent')
    world.clock.advance(6 * 3600)
    engine.wait()
    (job,) = engine.jobs()
    assert job['status'] == 'Upload Complete'


class Hang:
    """Lets the first call of a method hang, deaf to every stop, until it is let go.

    A call with nothing to do does not count.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._go = threading.Event()
        self._thread: threading.Thread | None = None

    def at(self, owner: type, name: str, *, is_after: bool = False) -> None:
        """Hang before a method does its work, or after that."""
        method = getattr(owner, name)

        def hanging(this: Any, *args: Any, **options: Any) -> Any:
            if self._thread is not None or args == ([],):
                return method(this, *args, **options)
            self._thread = threading.current_thread()
            if is_after:
                result = method(this, *args, **options)
                self._go.wait(LONGEST_HANG_S)
                return result
            self._go.wait(LONGEST_HANG_S)
            return method(this, *args, **options)

        self._monkeypatch.setattr(owner, name, hanging)

    def begins(self) -> None:
        until(lambda: self._thread is not None, 'nothing hangs')

    def ends(self) -> None:
        """Let it go once another thread has its place, and wait until its own is over."""
        until(self._is_replaced, 'no other thread takes its place')
        self.let_go()
        assert self._thread is not None
        self._thread.join(LONGEST_HANG_S)
        assert not self._thread.is_alive()

    def _is_replaced(self) -> bool:
        assert self._thread is not None
        return [each.name for each in threading.enumerate()].count(self._thread.name) > 1

    def let_go(self) -> None:
        self._go.set()


@pytest.fixture
def hang(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hang]:
    made = Hang(monkeypatch)
    yield made
    made.let_go()


def is_killed(engine: Engine, slug: str) -> bool:
    return 'illed by the watchdog' in (task(engine, slug)['last_run_outcome'] or '')


def statuses(engine: Engine) -> list[str]:
    return [job['status'] for job in engine.jobs()]


def assert_healthy(engine: Engine) -> None:
    assert engine.ask('GET', 'api/health')['status'] == 'healthy'


@pytest.mark.parametrize('is_after', [False, True])
@pytest.mark.parametrize(
    ('owner', 'name'),
    [(PageDecision, 'decide'), (UpdateStore, 'commit_page'), (UpdateStore, 'end_reading')],
)
def test_conversion_that_hangs_is_abandoned_and_displaces_nothing_when_it_wakes_up(
    world: World, hasty: Callable[..., Engine], hang: Hang, owner: type, name: str, is_after: bool
) -> None:
    engine = hasty()
    # Each value is in both owners, and the copy of the first has precedence.
    world.store.load(hosts(90, ORGANIZATION) + hosts(120, RESEARCH))
    act(engine, 'upload', 'pause')
    hang.at(owner, name, is_after=is_after)
    engine.save_queries([query(owners=[ORGANIZATION]), query(owners=[RESEARCH])], wait=False)
    engine.look()
    hang.begins()
    # The Job with the next page fails with the step; the other one is converted.
    ended = ['Convert Complete', 'Failed']
    until(lambda: sorted(statuses(engine)) == ended, 'nobody converts')
    chosen = [job_of(engine, job['request_id']) for job in engine.jobs()]
    hang.ends()
    pause_s(0.2)
    assert [job_of(engine, job['request_id']) for job in engine.jobs()] == chosen

    act(engine, 'upload', 'resume')
    engine.wait()
    assert sorted(statuses(engine)) == ['Failed', 'Upload Complete']
    for job in engine.jobs():
        assert_accounting(job)
    world.clock.advance(120)
    engine.run_update('delta')
    engine.assert_right()
    (again,) = {job['count_sent'] for job in engine.run_update('reconcile')}
    assert again == 0
    assert_healthy(engine)


@pytest.mark.parametrize('is_after', [False, True])
@pytest.mark.parametrize('name', ['add_revocations', 'close'])
def test_withdrawal_that_hangs_is_done_once(
    world: World, hasty: Callable[..., Engine], hang: Hang, name: str, is_after: bool
) -> None:
    engine = hasty()
    world.store.load(hosts(90))
    engine.save_queries([query()])
    for row in list(world.store.rows())[:30]:
        world.store.delete(row['id'])
    act(engine, 'upload', 'pause')
    hang.at(Orphans, name, is_after=is_after)
    engine.request_update('reconcile')
    hang.begins()
    until(lambda: is_killed(engine, 'convert'), 'nobody kills it')
    until(lambda: engine.jobs()[1]['count_read'] == 90, 'nobody withdraws')
    hang.ends()
    act(engine, 'upload', 'resume')
    engine.wait()
    (job,) = engine.jobs()[1:]
    assert (job['status'], outcomes(job)) == ('Upload Complete', {'unchanged': 60, 'withdrawn': 30})
    engine.assert_right()
    assert set(world.sentinel.table.versions().values()) == {1, 2}


@pytest.mark.parametrize('is_after', [False, True])
def test_schedule_that_hangs_queues_one_update(
    world: World, hasty: Callable[..., Engine], hang: Hang, is_after: bool
) -> None:
    engine = hasty(schedule_interval_hours='1')
    world.store.load(hosts(5))
    engine.save_queries([query()])
    assert len(engine.jobs()) == 1
    hang.at(UpdateQueue, 'queue_due', is_after=is_after)
    world.clock.advance(3_601)
    engine.look()
    hang.begins()
    until(lambda: is_killed(engine, 'schedule-updates'), 'nobody kills it')
    until(lambda: len(engine.jobs()) == 2, 'nobody queues the update')
    engine.wait()
    hang.ends()
    pause_s(0.3)
    assert statuses(engine) == ['Upload Complete'] * 2
    # The thread in its place goes on with the schedule.
    world.clock.advance(3_601)
    until(lambda: len(engine.jobs()) == 3, 'nobody queues the next update')
    engine.wait()
    engine.assert_right()
    assert_healthy(engine)


@pytest.mark.parametrize(
    ('owner', 'name'),
    [(AppState, 'remove_old'), (UpdateStore, 'forget_jobs'), (DiskUpkeep, 'remove_set_aside')],
)
def test_cleaning_that_hangs_is_abandoned_and_removes_nothing_when_it_wakes_up(
    world: World, hasty: Callable[..., Engine], hang: Hang, owner: type, name: str
) -> None:
    engine = hasty()
    world.store.load(hosts(3))
    engine.save_queries([query()])
    until(lambda: task(engine, 'cleaner')['state'] == 'idle', 'it cleans for ever')
    world.clock.advance(31 * 86_400)
    hang.at(owner, name)
    act(engine, 'cleaner', 'run')
    hang.begins()
    until(lambda: is_killed(engine, 'cleaner'), 'nobody kills it')
    engine.run_update('full')

    def is_cleaned() -> bool:
        return not is_killed(engine, 'cleaner')

    until(lambda: act(engine, 'cleaner', 'run') and is_cleaned(), 'nobody cleans')
    until(lambda: len(engine.jobs()) == 1, 'the old Job is still there')
    hang.ends()
    assert statuses(engine) == ['Upload Complete']
    engine.run_update('full')
    engine.assert_right()
    assert_healthy(engine)
