from __future__ import annotations

import threading
import time

from sentinel_app.pipeline.wakeup import Wakeup

LONG_S = 30.0


def test_a_notification_wakes_everybody_who_waits():
    wakeup = Wakeup()
    seen = wakeup.notifications
    waiters = [threading.Thread(target=wakeup.wait, args=(seen, LONG_S)) for _ in range(3)]
    for waiter in waiters:
        waiter.start()
    wakeup.notify()
    for waiter in waiters:
        waiter.join(LONG_S / 2)

    assert not any(waiter.is_alive() for waiter in waiters)


def test_a_notification_between_the_look_and_the_wait_is_not_missed():
    wakeup = Wakeup()
    seen = wakeup.notifications
    wakeup.notify()
    began = time.monotonic()
    wakeup.wait(seen, LONG_S)

    assert time.monotonic() - began < LONG_S / 2


def test_notifications_before_the_look_wake_nobody():
    wakeup = Wakeup()
    wakeup.notify()
    wakeup.notify()
    is_over = threading.Event()

    def wait() -> None:
        wakeup.wait(wakeup.notifications, LONG_S)
        is_over.set()

    threading.Thread(target=wait, daemon=True).start()
    assert not is_over.wait(0.05)
    wakeup.notify()
    assert is_over.wait(LONG_S / 2)


def test_waiting_ends_when_the_time_has_passed():
    wakeup = Wakeup()
    began = time.monotonic()
    wakeup.wait(wakeup.notifications, 0.02)

    assert time.monotonic() - began >= 0.02
    assert wakeup.notifications == 0
