"""One thread of a Task, and the interruption and heartbeat of the step that it is at."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sentinel_app.core.clock import Clock
from sentinel_app.errors import Cancelled, SentinelAppError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.wakeup import Wakeup

BEAT_S = 1.0
"""Seconds between two heartbeats of a step that waits."""

FIRST_REST_S = 1.0
LONGEST_REST_S = 30.0
"""Rest after a step that failed, doubled each time: what is wrong, a full disk say, may pass."""

_log = EventLog(__name__)


class StepStop:
    """The `stop` of one step; implements `Stop`.

    Every check of it is a heartbeat, and so is each second of waiting with it. So a step that waits
    for the API limit or backs off is alive for as long as that takes, and one that hangs is not.
    Also implements `FencedStep`: once it is killed, no new write of the step begins.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._is_killed = False
        self._writes = 0
        """Number of writes that the step is in, as one may be part of another."""
        self._beat = (clock.now(), clock.monotonic())
        self._started = self._beat[1]

    @property
    def beat_at(self) -> dt.datetime:
        """When the last heartbeat was."""
        return self._beat[0]

    @property
    def is_killed(self) -> bool:
        """Whether the step was killed."""
        return self._is_killed

    @property
    def is_writing(self) -> bool:
        """Whether the step is in the middle of a write."""
        return self._writes > 0

    def age_s(self, now: float) -> float:
        """Seconds since the last heartbeat."""
        return now - self._beat[1]

    def runtime_s(self, now: float) -> float:
        """Seconds since the step began."""
        return now - self._started

    def beat(self) -> None:
        """Record a heartbeat."""
        self._beat = (self._clock.now(), self._clock.monotonic())

    def interrupt(self) -> None:
        """Request the end of the step at its next safe point."""
        self._event.set()

    def kill(self) -> None:
        """Request the end of the step, and refuse every write that it has not begun."""
        with self._lock:
            self._is_killed = True
        self.interrupt()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep the step from being replaced within.

        Raises:
            Cancelled: it was killed before.
        """
        with self._lock:
            if self._is_killed and not self._writes:
                raise Cancelled('The Task was killed, so this step stores nothing more.')
            self._writes += 1
        try:
            yield
        finally:
            with self._lock:
                self._writes -= 1

    def is_set(self) -> bool:
        """Whether the step is to end."""
        self.beat()
        return self._event.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the step is to end or the seconds have passed; whether it is to end."""
        left = timeout
        while left is None or left > 0:
            self.beat()
            portion = BEAT_S if left is None else min(left, BEAT_S)
            if self._event.wait(portion):
                return True
            left = None if left is None else left - portion
        return self.is_set()


class Worker:
    """A daemon thread that runs `step` whenever it is woken, and never dies of an exception.

    Args:
        name: of the thread, for the log.
        step: does one piece of work; True when there may be more.
        stop: ends the thread at the next safe point.
        wakeup: wakes the thread.
        clock: waits.
        on_error: called with each exception of a step, and with None when one succeeds again.
        repeats: whether a step follows the other while there is work, and after a failure;
            otherwise each notification is worth one.
    """

    def __init__(
        self,
        *,
        name: str,
        step: Callable[[], bool],
        stop: threading.Event,
        wakeup: Wakeup,
        clock: Clock,
        on_error: Callable[[BaseException | None], None],
        repeats: bool = False,
    ) -> None:
        self._name = name
        self._step = step
        self._stop = stop
        self._wakeup = wakeup
        self._clock = clock
        self._on_error = on_error
        self._repeats = repeats
        self._rest_s = 0.0
        self._is_retired = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread; it waits until it is woken."""
        self._thread.start()

    def retire(self) -> None:
        """End the thread once its step is over; another worker has taken its place."""
        self._is_retired = True
        self._on_error(None)

    def join(self, timeout_s: float) -> bool:
        """Wait for the end of the thread; False if it still runs."""
        if self._thread.ident is not None:
            self._thread.join(max(0.0, timeout_s))
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._is_over:
            self._wakeup.wait()
            while not self._is_over and self._try_step() and self._repeats:
                pass

    @property
    def _is_over(self) -> bool:
        return self._is_retired or self._stop.is_set()

    def _try_step(self) -> bool:
        try:
            is_more = self._step()
        except Cancelled:
            return False
        except Exception as error:  # noqa: BLE001 - a Task outlives whatever a step meets
            if self._is_retired:
                _log.warning('worker-gave-up', worker=self._name, reason=str(error))
                return False
            self._report(error)
            self._clock.wait(self._stop, self._rest_s)
            return True
        if self._rest_s:
            self._rest_s = 0.0
            self._on_error(None)
            _log.info('worker-goes-on', worker=self._name)
        return is_more

    def _report(self, error: Exception) -> None:
        self._rest_s = min(max(self._rest_s * 2, FIRST_REST_S), LONGEST_REST_S)
        self._on_error(error)
        if isinstance(error, SentinelAppError):
            _log.error(
                'worker-rests',
                worker=self._name,
                code=error.code,
                message=error.message,
                reason=error.reason,
                wait_s=self._rest_s,
            )
        else:
            _log.exception('worker-failed', error, worker=self._name, wait_s=self._rest_s)
