"""The one clock of the App: a thread that calls what decides what is due, once a second."""

from __future__ import annotations

import threading
from collections.abc import Callable

import schedule

from sentinel_app.errors import StorageError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.wakeup import Wakeup

TICK_S = 1

_log = EventLog(__name__)


class Scheduler:
    """Calls each tick once a second, and at once when the wakeup is notified, in one daemon thread.

    `schedule` keeps naive local times, lets exceptions through and runs a failing job again at
    every call. So it is used for one fixed short interval alone: what is due is decided in
    `core/schedule.py` from stored UTC or monotonic times, and each tick is wrapped so that it
    cannot raise.

    Args:
        ticks: by name; each is quick and does nothing where there is nothing to do.
        stop: ends the thread.
        wakeup: wakes the thread between ticks.
        on_error: called with each exception of a tick, and with None once all succeed again.
    """

    def __init__(
        self,
        *,
        ticks: dict[str, Callable[[], None]],
        stop: threading.Event,
        wakeup: Wakeup,
        on_error: Callable[[BaseException | None], None],
    ) -> None:
        self._ticks = ticks
        self._stop = stop
        self._wakeup = wakeup
        self._on_error = on_error
        self._scheduler = schedule.Scheduler()
        self._scheduler.every(TICK_S).seconds.do(self._tick)
        self._thread = threading.Thread(target=self._run, name='scheduler', daemon=True)
        self._failing: set[str] = set()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end of the thread; False if it still runs."""
        if self._thread.ident is not None:
            self._thread.join(max(0.0, timeout_s))
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._tick()
        while not self._stop.is_set():
            if self._wakeup.wait(TICK_S):
                self._tick()
            elif (self._scheduler.idle_seconds or 0) > TICK_S:
                # The local time went back, as it does each autumn; the interval begins anew.
                self._scheduler.run_all()
            else:
                self._scheduler.run_pending()

    def _tick(self) -> None:
        for name, tick in self._ticks.items():
            if self._stop.is_set():
                return
            try:
                tick()
            except Exception as error:  # noqa: BLE001 - the clock outlives whatever a tick meets
                if self._stop.is_set() and isinstance(error, StorageError):
                    # The process is ending, and the stores are closed already.
                    _log.info('tick-abandoned', tick=name, reason=error.message)
                    return
                self._on_error(error)
                if name not in self._failing:
                    _log_failure(name, error)
                self._failing.add(name)
            else:
                if name in self._failing:
                    self._failing.discard(name)
                    _log.info('tick-goes-on', tick=name)
                    if not self._failing:
                        self._on_error(None)


def _log_failure(name: str, error: Exception) -> None:
    if isinstance(error, StorageError):
        # A full disk, say: people know what to do about it, and nobody needs a traceback.
        _log.error('tick-rests', tick=name, code=error.code, reason=error.reason or error.message)
    else:
        _log.exception('tick-failed', error, tick=name)
