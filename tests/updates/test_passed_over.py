"""What a Job passed over for a higher one that was stopped reaches Sentinel by the next delta."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from sentinel_app.core.outbox import Batch
from sentinel_app.errors import StorageError
from sentinel_app.pipeline.fault_limit import ATTEMPTS
from sentinel_app.storage.batches import Batches
from tests.harness.engine import FINAL, OWNERS, Engine, Job, World, brief, hosts, outcomes, query

pytestmark = pytest.mark.integration

HIGHER, LOWER, _ = OWNERS
HOUR_S = 3_600
PATTERN = "[domain-name:value = 'h0.example.com']"

Lose = Callable[[World, Engine], None]
StopTheHigher = Callable[[Callable[[], object]], None]


def remove_the_query(_world: World, engine: Engine) -> None:
    _, lower = engine.queries
    engine.save_queries([lower])


def delete_the_indicator(world: World, _engine: Engine) -> None:
    higher = world.store.find(HIGHER, 'Host', 'h0.example.com')
    assert higher is not None
    world.store.delete(higher['id'])


def take_it_out_of_the_query(world: World, _engine: Engine) -> None:
    higher = world.store.find(HIGHER, 'Host', 'h0.example.com')
    assert higher is not None
    world.store.modify(higher['id'], rating=1.0)


@pytest.fixture(params=['the higher first', 'the lower first'])
def is_higher_first(request: pytest.FixtureRequest) -> bool:
    """Which of the two Jobs ends before the other one."""
    return bool(request.param == 'the higher first')


@pytest.fixture
def stop_the_higher(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, *, is_higher_first: bool
) -> StopTheHigher:
    """Let an update run whose higher Job is stopped once the lower one has passed its value over.

    Where the higher one is to end first, the lower one has a value of its own that waits meanwhile.
    """
    engine.expects_unforeseen = True
    claim = Batches.claim
    may_fail, may_send = threading.Event(), threading.Event()
    attempts = [None] * ATTEMPTS

    def spoilt(self: Batches, update_id: str, **options: Any) -> Batch | None:
        if may_fail.is_set() and attempts:
            attempts.pop()
            raise ArithmeticError('nobody foresaw this')
        if not may_send.is_set():
            raise StorageError('Not yet.')
        return claim(self, update_id, **options)

    def run(begin: Callable[[], object]) -> None:
        before = {job['update_id'] for job in engine.jobs()}

        def jobs() -> list[Job]:
            return [job for job in engine.jobs() if job['update_id'] not in before]

        def until(is_so: Callable[[Job, Job], object]) -> None:
            def of_both() -> object:
                found = jobs()
                return len(found) == 2 and is_so(*found)

            engine.until(of_both, lambda: f'it does not come: {[brief(job) for job in jobs()]}')

        with monkeypatch.context() as patch:
            patch.setattr(Batches, 'claim', spoilt)
            begin()
            engine.look()
            if is_higher_first:
                until(lambda _, lower: lower['count_duplicate'])
            else:
                until(lambda _, lower: lower['status'] in FINAL)
            assert jobs()[0]['status'] not in FINAL
            may_fail.set()
            until(lambda higher, _: higher['status'] in FINAL)
            assert (jobs()[1]['status'] in FINAL) is not is_higher_first
            may_send.set()
            engine.wait()
        higher, lower = jobs()
        assert (higher['failure_code'], outcomes(higher)) == ('RUN-FAULT', {'failed': 1})
        assert (lower['status'], lower['count_duplicate']) == ('Upload Complete', 1)

    return run


def lists() -> list[dict[str, Any]]:
    return [query('rating >= 3', owners=[HIGHER]), query(owners=[LOWER])]


def assert_brought_by_the_next_delta(world: World, engine: Engine) -> None:
    world.clock.advance(HOUR_S)
    engine.run_update('delta')
    assert engine.assert_right()[PATTERN]['name'].endswith(f' | {LOWER}')
    # That is done with: nothing is read again from then on.
    world.clock.advance(HOUR_S)
    assert outcomes(engine.run_update('delta')[-1]) == {}


@pytest.mark.parametrize('lose', [remove_the_query, delete_the_indicator, take_it_out_of_the_query])
@pytest.mark.parametrize('is_held', [False, True])
def test_indicators_that_a_delta_passed_over_for_a_stopped_job_come_by_the_next(
    world: World,
    engine: Engine,
    stop_the_higher: StopTheHigher,
    lose: Lose,
    *,
    is_higher_first: bool,
    is_held: bool,
) -> None:
    world.store.load(hosts(1, LOWER) if is_held else [])
    engine.save_queries(lists())
    world.clock.advance(HOUR_S)
    new = {'lastModified': world.store.now_text(), 'rating': 5.0}
    if is_held:
        lower = world.store.find(LOWER, 'Host', 'h0.example.com')
        assert lower is not None
        world.store.modify(lower['id'], confidence=77)
    else:
        world.store.add(hosts(1, LOWER)[0] | new)
    world.store.add(hosts(1, HIGHER)[0] | new)
    if is_higher_first:
        world.store.add(hosts(1, LOWER, 'own')[0] | new)
    # Longer than two windows overlap.
    world.clock.advance(HOUR_S)
    stop_the_higher(lambda: engine.request_update('delta'))
    world.clock.advance(HOUR_S)
    lose(world, engine)
    assert_brought_by_the_next_delta(world, engine)


@pytest.mark.parametrize('lose', [remove_the_query, delete_the_indicator])
def test_indicators_that_the_first_update_passed_over_for_a_stopped_job_come_by_a_delta(
    world: World,
    engine: Engine,
    stop_the_higher: StopTheHigher,
    lose: Lose,
    *,
    is_higher_first: bool,
) -> None:
    own = hosts(1, LOWER, 'own') if is_higher_first else []
    world.store.load(hosts(1, HIGHER, rating=5.0) + hosts(1, LOWER) + own)
    stop_the_higher(lambda: engine.save_queries(lists(), wait=False))
    world.clock.advance(HOUR_S)
    lose(world, engine)
    assert_brought_by_the_next_delta(world, engine)
