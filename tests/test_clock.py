from __future__ import annotations

import datetime as dt
import threading

import pytest

from sentinel_app.clock import SystemClock

LONG_S = 120.0


def test_now_is_aware_and_in_utc():
    before = dt.datetime.now(dt.UTC)
    now = SystemClock().now()

    assert now.tzinfo is dt.UTC
    assert before <= now <= dt.datetime.now(dt.UTC)


def test_monotonic_seconds_never_go_backwards():
    clock = SystemClock()
    found = [clock.monotonic() for _ in range(100)]

    assert found == sorted(found)


@pytest.mark.parametrize('seconds', [0.02, 0.0, -1.0])
def test_wait_ends_when_the_time_has_passed(seconds: float):
    clock = SystemClock()
    began = clock.monotonic()

    assert clock.wait(threading.Event(), seconds) is False
    assert seconds <= clock.monotonic() - began < LONG_S


def test_stop_ends_a_wait():
    clock, stop = SystemClock(), threading.Event()
    began = clock.monotonic()
    threading.Timer(0.02, stop.set).start()

    assert clock.wait(stop, LONG_S) is True
    assert clock.monotonic() - began < LONG_S / 2
