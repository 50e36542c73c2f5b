"""When a page is converted."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from sentinel_app.core.job import JobType, Mode, Update
from sentinel_app.pipeline.convert import MOST_OBJECTS_WAITING, OBJECTS_AHEAD, Convert
from sentinel_app.pipeline.wakeup import Wakeups
from tests.harness.builders.update import make_page, make_progress
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
        self.page: Any = None
        self.taken_off: list[Any] = []

    def progress(self, update_id: str) -> Any:
        return (self._progress,)

    def head(self) -> Any:
        self.went_on = True
        return self.page

    def take_off(self, page: Any) -> None:
        self.taken_off.append(page)

    def close(self, update: Update, progress: Any) -> bool:
        return False

    def is_open(self) -> bool:
        return self._is_open


def make_convert(around: Any) -> Convert:
    """The stage, with one stand-in for everything that a test does not say."""
    return Convert(
        app_state=around,
        store=around,
        decision=around,
        revoke=around,
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
    convert = make_convert(around)
    assert not convert.step(UPDATE, threading.Event())
    assert around.went_on == goes_on


def test_page_of_the_next_update_is_left_to_that() -> None:
    around: Any = Around(waiting=0, is_sorted=False, is_open=False)
    around.page = make_page(1, request_id='j-of-the-next')
    assert not make_convert(around).step(UPDATE, threading.Event())
    assert around.taken_off == []


def test_page_of_a_job_that_is_gone_is_taken_off() -> None:
    around: Any = Around(waiting=0, is_sorted=False, is_open=False)
    around.page = make_page(1)
    around.progress = lambda _: ()
    assert make_convert(around).step(UPDATE, threading.Event())
    assert around.taken_off == [around.page]
