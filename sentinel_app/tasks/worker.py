"""One thread of a Task: repeats a step while there is work, and never dies of an exception."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sentinel_app.core.clock import Clock
from sentinel_app.errors import Cancelled, SentinelAppError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.wakeup import Wakeup

IDLE_WAIT_S = 5.0
"""How long a thread without work waits at most; it is woken when there may be some."""

FIRST_REST_S = 1.0
LONGEST_REST_S = 30.0
"""Rest after a step that failed, doubled each time: what is wrong, a full disk say, may pass."""

_log = EventLog(__name__)


class Worker:
    """Runs `step` in a daemon thread until `stop` is set.

    Args:
        name: of the thread, for the log.
        step: does one piece of work; True when there may be more.
        stop: ends the thread at the next safe point.
        signal: wakes the thread.
        clock: waits.
        on_error: is told of each exception of a step, and of None when one has gone well again.
        idle_wait_s: how long the thread waits at most when it has no work.
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
        idle_wait_s: float = IDLE_WAIT_S,
    ) -> None:
        self._name = name
        self._step = step
        self._stop = stop
        self._wakeup = wakeup
        self._clock = clock
        self._on_error = on_error
        self._idle_wait_s = idle_wait_s
        self._rest_s = 0.0
        self._is_retired = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def retire(self) -> None:
        """Let the thread end once its step is over; another worker has taken its place."""
        self._is_retired = True
        self._on_error(None)

    def join(self, timeout_s: float) -> bool:
        """Wait for the end of the thread; False if it still runs."""
        if self._thread.ident is not None:
            self._thread.join(max(0.0, timeout_s))
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._is_over:
            if not self._try_step() and not self._is_over:
                self._wakeup.wait(self._idle_wait_s)

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
