"""When a page is converted."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sentinel_app.core.job import JobType, Mode, Update
from sentinel_app.pipeline.convert import MOST_OBJECTS_WAITING, OBJECTS_AHEAD, Convert
from sentinel_app.pipeline.wakeup import Wakeups
from sentinel_app.storage.sqlite import Database
from tests.harness.builders.app_state import make_job, make_query
from tests.harness.builders.indicator import make_options
from tests.harness.builders.update import make_page, make_progress, make_store
from tests.harness.clocks import NOON, StandingClock

UPDATE = Update(
    id='u1', mode=Mode.FULL, job_type=JobType.AD_HOC, queued_at=NOON, request_ids=('j1',)
)


class Around:
    """A store without a page, a limiter, and whoever closes the update."""

    def __init__(self, *, waiting: int, is_sorted: bool, is_open: bool) -> None:
        self._progress = make_progress(waiting=waiting, is_sorted=is_sorted)
        self._is_open = is_open
        self.pages = self
        self.went_on = False

    def progress(self, update_id: str) -> Any:
        return (self._progress,)

    def head(self) -> None:
        self.went_on = True

    def close(self, update: Update, progress: Any) -> bool:
        return False

    def is_open(self) -> bool:
        return self._is_open


def make_convert(around: Any, *, app_state: Any, store: Any) -> Convert:
    """The stage, with one stand-in for everything that a test does not say."""
    return Convert(
        app_state=app_state,
        store=store,
        ledger=around,
        revoke=around,
        parse=lambda row: pytest.fail('nothing is parsed'),
        withheld_reason=lambda indicator: None,
        options=make_options(),
        salt=b'salt',
        limiter=around,
        clock=StandingClock(),
        wakeups=Wakeups(1),
    )


@pytest.mark.parametrize(
    ('waiting', 'is_open', 'is_sorted', 'goes_on'),
    [
        (OBJECTS_AHEAD - 1, True, False, True),
        (OBJECTS_AHEAD, True, False, False),
        (OBJECTS_AHEAD, False, False, True),
        (MOST_OBJECTS_WAITING - 1, False, False, True),
        (MOST_OBJECTS_WAITING, False, False, False),
        (MOST_OBJECTS_WAITING, True, True, True),
    ],
)
def test_sending_comes_first_while_requests_may_go_at_once(
    waiting: int, is_open: bool, is_sorted: bool, goes_on: bool
) -> None:
    around: Any = Around(waiting=waiting, is_sorted=is_sorted, is_open=is_open)
    convert = make_convert(around, app_state=around, store=around)
    assert not convert.step(UPDATE, threading.Event())
    assert around.went_on == goes_on


def test_list_that_is_saved_meanwhile_is_read_as_it_was() -> None:
    q1, q2, q3 = (make_query(query_id) for query_id in ('q1', 'q2', 'q3'))
    lists = [(q2, q1), (q3, q1, q2)]
    app_state: Any = SimpleNamespace(
        query_list=lambda: SimpleNamespace(enabled=lists.pop(0) if len(lists) > 1 else lists[0])
    )
    numbers = SimpleNamespace(
        numbers=lambda ids: {name: int(name[1:]) for name in ids}, number=lambda name: int(name[1:])
    )
    store: Any = SimpleNamespace(
        queries=numbers,
        marks=SimpleNamespace(first=lambda update_id: 1, whole=dict),
        readings=SimpleNamespace(extra_query=lambda request_id, number: None),
    )
    around: Any = Around(waiting=0, is_sorted=False, is_open=True)
    convert = make_convert(around, app_state=app_state, store=store)
    job = make_job('j1', query=make_query('q1'))
    context = convert._context(UPDATE, job, make_page(1), make_progress(), [])
    assert context.higher == {2}


def test_page_is_judged_by_the_pass_that_it_was_read_in(tmp_path: Path) -> None:
    db = Database(tmp_path / 'state.db')
    store, job = make_store(db), make_job('j1', mode=Mode.DELTA, query=make_query('q1'))
    store.begin([job])
    store.readings.start('j1', at=NOON, expected=None, clauses=['id in (1)'])
    app_state: Any = SimpleNamespace(query_list=lambda: SimpleNamespace(enabled=(job.query,)))
    around: Any = Around(waiting=0, is_sorted=False, is_open=True)
    convert = make_convert(around, app_state=app_state, store=store)
    page = replace(make_page(1), number=1)
    # It was read by id. While it waited, that turned out to be no order, so all is read again.
    store.readings.restart_by_time('j1')
    (mine,) = store.progress('u1')
    context = convert._context(UPDATE, job, page, mine, [mine])
    db.close()

    assert mine.place.number == 0
    assert context.is_extra
