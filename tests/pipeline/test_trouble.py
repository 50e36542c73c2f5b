"""What is known of a system that does not answer, and until when."""

from __future__ import annotations

import datetime as dt
import threading

import pytest

from sentinel_app.core.job import Stage
from sentinel_app.core.trouble import System
from sentinel_app.errors import ReadTimeoutError, UploadServerError
from sentinel_app.pipeline.retrier import Retrier
from sentinel_app.pipeline.trouble import Troubles
from tests.harness.clocks import NOON, StandingClock

SILENT = ReadTimeoutError('ThreatConnect did not answer.')


@pytest.fixture
def troubles() -> Troubles:
    return Troubles(StandingClock())


def in_another_thread(action: object) -> None:
    thread = threading.Thread(target=action)  # type: ignore[arg-type]
    thread.start()
    thread.join()


def test_attempts_in_a_row_are_counted_and_the_next_one_has_its_time(troubles: Troubles) -> None:
    troubles.failed(Stage.DOWNLOAD, System.THREATCONNECT, SILENT, 1.0)
    troubles.failed(Stage.DOWNLOAD, System.THREATCONNECT, SILENT, 20.0)
    (trouble,) = troubles.now()
    assert troubles.of(Stage.DOWNLOAD) == trouble
    assert (trouble.attempt, trouble.since) == (3, NOON)
    assert trouble.until == NOON + dt.timedelta(seconds=20)
    assert (trouble.code, trouble.message) == ('TC-READ', 'ThreatConnect did not answer.')
    assert troubles.of(Stage.UPLOAD) is None


def test_answer_ends_the_trouble_of_all_who_wait_for_that_system(troubles: Troubles) -> None:
    error = UploadServerError('Sentinel answered with a server error (502).', reason='Bad Gateway')
    troubles.failed(Stage.UPLOAD, System.SENTINEL, error, 1.0)
    troubles.failed(Stage.DOWNLOAD, System.THREATCONNECT, SILENT, 1.0)
    in_another_thread(lambda: troubles.failed(Stage.UPLOAD, System.SENTINEL, error, 1.0))
    troubles.answered(System.SENTINEL)
    assert [each.system for each in troubles.now()] == [System.THREATCONNECT]


def test_threads_count_their_own_attempts_and_the_furthest_is_shown(troubles: Troubles) -> None:
    for _ in range(3):
        troubles.failed(Stage.UPLOAD, System.SENTINEL, SILENT, 1.0)
    in_another_thread(lambda: troubles.failed(Stage.UPLOAD, System.SENTINEL, SILENT, 9.0))
    assert [each.attempt for each in troubles.now()] == [4]


def test_end_of_a_step_ends_what_its_thread_waited_for(troubles: Troubles) -> None:
    in_another_thread(lambda: troubles.failed(Stage.UPLOAD, System.SENTINEL, SILENT, 1.0))
    with troubles.step():
        troubles.failed(Stage.DOWNLOAD, System.THREATCONNECT, SILENT, 0.0)
    assert [each.system for each in troubles.now()] == [System.SENTINEL]


def test_repeated_call_records_its_attempts_and_the_answer() -> None:
    clock = StandingClock()
    troubles = Troubles(clock)
    seen: list[int] = []

    def call() -> str:
        seen.extend(each.attempt for each in troubles.now())
        if len(seen) < 2:
            raise SILENT
        return 'answer'

    retrier = Retrier(clock, threading.Event(), troubles)
    assert retrier.call(call) == 'answer'
    assert (seen, troubles.now()) == ([2, 3], ())
