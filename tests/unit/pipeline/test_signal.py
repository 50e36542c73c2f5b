from __future__ import annotations

import threading
import time

from sentinel_app.pipeline.signal import Signal

LONG_S = 30.0


def test_a_ring_wakes_everybody_who_waits():
    signal = Signal()
    seen = signal.rings
    waiters = [threading.Thread(target=signal.wait, args=(seen, LONG_S)) for _ in range(3)]
    for waiter in waiters:
        waiter.start()
    signal.ring()
    for waiter in waiters:
        waiter.join(LONG_S / 2)

    assert not any(waiter.is_alive() for waiter in waiters)


def test_a_ring_between_the_look_and_the_wait_is_not_missed():
    signal = Signal()
    seen = signal.rings
    signal.ring()
    began = time.monotonic()
    signal.wait(seen, LONG_S)

    assert time.monotonic() - began < LONG_S / 2


def test_rings_before_the_look_wake_nobody():
    signal = Signal()
    signal.ring()
    signal.ring()
    is_over = threading.Event()

    def wait() -> None:
        signal.wait(signal.rings, LONG_S)
        is_over.set()

    threading.Thread(target=wait, daemon=True).start()
    assert not is_over.wait(0.05)
    signal.ring()
    assert is_over.wait(LONG_S / 2)


def test_waiting_ends_when_the_time_has_passed():
    signal = Signal()
    began = time.monotonic()
    signal.wait(signal.rings, 0.02)

    assert time.monotonic() - began >= 0.02
    assert signal.rings == 0
