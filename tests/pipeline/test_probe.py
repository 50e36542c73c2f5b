"""Whether an instance is found out that does not page by id, and one that does is left alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from sentinel_app.core.job import Job, Update
from sentinel_app.core.question import Question
from sentinel_app.errors import (
    Cancelled,
    QueryError,
    ReadAuthError,
    ReadTimeoutError,
    SentinelAppError,
)
from sentinel_app.pipeline.probe import Probe
from sentinel_app.pipeline.trouble import Troubles
from sentinel_app.storage.app_state.store import AppState
from tests.harness.builders.app_state import make_job, make_query, make_update
from tests.harness.clocks import NOON, StandingClock
from tests.pipeline.rows import RowSource

DAY_S = 24 * 3_600
STOP = threading.Event()


class OneUpdate:
    """As much of `AppState` as the probe asks."""

    def __init__(self, *jobs: Job) -> None:
        self._jobs = jobs

    def jobs_of(self, update_id: str) -> tuple[Job, ...]:
        return self._jobs


def app_state() -> AppState:
    jobs = [
        make_job(f'j{place}', query=make_query(f'q{place}', owners=owners))
        for place, owners in enumerate((('Org', 'Feed'), ('Org',)))
    ]
    return OneUpdate(*jobs)  # type: ignore[return-value]


def the_update(name: str = 'u1') -> Update:
    return make_update(name)


def source_of(count: int, **ways: Any) -> RowSource:
    return RowSource({2**53 + item: NOON for item in range(count)}, **ways)


class Rig:
    def __init__(self, source: RowSource) -> None:
        self.source = source
        self.clock = StandingClock()
        self.probe = Probe(
            source=source, app_state=app_state(), clock=self.clock, troubles=Troubles(self.clock)
        )

    def ask(self, name: str = 'u1') -> bool:
        return self.probe.is_by_id(the_update(name), STOP)


@pytest.mark.parametrize('count', [0, 1, 2, 3, 4, 500])
@pytest.mark.parametrize('cap', [1, 2, 10_000])
def test_healthy_instance_is_read_by_id(count: int, cap: int) -> None:
    rig = Rig(source_of(count, cap=cap))
    assert rig.ask()
    assert rig.probe.warning is None
    assert len(rig.source.calls) <= 4
    assert all('ownerName in ("Feed", "Org")' in tql for tql in rig.source.tql)


@pytest.mark.parametrize('cap', [1, 2, 10_000])
@pytest.mark.parametrize('seed', range(20))
def test_wrong_order_is_detected(cap: int, seed: int) -> None:
    rig = Rig(source_of(400, seed=seed, cap=cap))
    assert not rig.ask()
    assert 'does not sort by id' in str(rig.probe.warning)


@pytest.mark.parametrize('count', [3, 4, 400])
@pytest.mark.parametrize('cap', [1, 2, 10_000])
def test_ignored_id_clause_is_detected(count: int, cap: int) -> None:
    assert not Rig(source_of(count, ignores_id=True, cap=cap)).ask()


def test_id_clause_that_returns_nothing_is_detected() -> None:
    source = source_of(50)
    test = source._test
    source._test = lambda keyword, *rest: (  # type: ignore[method-assign]
        (lambda _item: False) if keyword == 'id' else test(keyword, *rest)
    )
    assert not Rig(source).ask()


def test_refused_id_clause_is_detected() -> None:
    source = source_of(50)

    def refuse(name: str) -> None:
        if source.calls:
            raise QueryError('Unknown keyword id')

    source.before = refuse
    assert not Rig(source).ask()


def test_page_that_repeats_the_one_before_is_detected() -> None:
    source = source_of(50)
    select = source._select

    def repeat(name: str, question: Question) -> list[int]:
        ids = select(name, question)
        is_further = name == 'read_window' and question.after_id is not None
        return [2**53, 2**53 + 1, *ids] if is_further else ids

    source._select = repeat  # type: ignore[method-assign]
    assert not Rig(source).ask()


def test_page_of_rows_that_are_sorted_only_afterwards_is_detected() -> None:
    source = source_of(400)
    select = source._select

    def sorted_afterwards(name: str, question: Question) -> list[int]:
        ids = select(name, question)
        return ids if name == 'count' else sorted(ids[200:])

    source._select = sorted_afterwards  # type: ignore[method-assign]
    assert not Rig(source).ask()


def test_good_verdict_holds_for_a_day() -> None:
    rig = Rig(source_of(50))
    rig.ask('u1')
    asked = len(rig.source.calls)
    rig.clock.advance(DAY_S - 1)
    assert rig.ask('u2')
    assert len(rig.source.calls) == asked
    rig.clock.advance(1)
    assert rig.ask('u2')
    assert len(rig.source.calls) == asked
    assert rig.ask('u3')
    assert len(rig.source.calls) == 2 * asked


def test_bad_verdict_holds_for_one_update_and_ends_when_the_cause_is_fixed() -> None:
    rig = Rig(source_of(50, ignores_id=True))
    assert not rig.ask('u1')
    asked = len(rig.source.calls)
    rig.source.ignores_id = False
    assert not rig.ask('u1')
    assert len(rig.source.calls) == asked
    assert rig.ask('u2')
    assert rig.probe.warning is None


@pytest.mark.parametrize('error', [ReadTimeoutError('no answer'), ReadAuthError('no role')])
@pytest.mark.parametrize('is_good', [True, False])
def test_missing_answer_is_no_verdict(error: SentinelAppError, is_good: bool) -> None:
    rig = Rig(source_of(50, ignores_id=not is_good))
    assert rig.ask('u1') is is_good

    def fail(name: str) -> None:
        raise error

    rig.source.before = fail
    rig.source.ignores_id = is_good
    rig.clock.advance(DAY_S)
    assert rig.ask('u2') is is_good
    # The reading that comes next has its own trouble; the update after it asks again.
    rig.source.before = lambda name: None
    assert rig.ask('u3') is not is_good


def test_transient_trouble_is_waited_out() -> None:
    rig = Rig(source_of(50, ignores_id=True))
    troubles = [ReadTimeoutError('no answer')]

    def fail(name: str) -> None:
        if troubles:
            raise troubles.pop()

    rig.source.before = fail
    assert not rig.ask()


def test_stop_does_not_wait_for_the_probe() -> None:
    rig = Rig(source_of(50))
    stop = threading.Event()

    def fail(name: str) -> None:
        stop.set()
        raise ReadTimeoutError('no answer')

    rig.source.before = fail
    with pytest.raises(Cancelled):
        rig.probe.is_by_id(the_update(), stop)


@pytest.fixture
def refute() -> Callable[[Rig], bool]:
    return lambda rig: rig.probe.is_refuted(the_update(), STOP)


def test_page_out_of_order_triggers_a_new_probe(refute: Callable[[Rig], bool]) -> None:
    rig = Rig(source_of(50))
    assert rig.ask()
    rig.source.ignores_id = True
    assert refute(rig)
    assert not rig.ask()


def test_pages_out_of_order_count_more_than_a_successful_probe(
    refute: Callable[[Rig], bool],
) -> None:
    rig = Rig(source_of(50))
    assert rig.ask('u1')
    assert [refute(rig), refute(rig), refute(rig)] == [False, False, True]
    assert not rig.ask('u1')
    assert rig.ask('u2')
    assert [refute(rig), refute(rig), refute(rig)] == [False, False, True]
