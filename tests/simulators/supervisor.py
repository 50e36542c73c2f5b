"""Starts the App again when it ends unasked, as the platform does."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Self

from tests.simulators.platform.process import signal_name
from tests.simulators.platform.service import AppEndedError, AppProcess

RESTARTS = 3
RESTARTS_WITHIN_S = 120.0
_LOOK_S = 0.2


class Supervisor:
    """Watches one App in a thread of its own; a context manager."""

    def __init__(self, app: AppProcess, say: Callable[[str], None]) -> None:
        self._app = app
        self._say = say
        self._stopping = threading.Event()
        self._gave_up = threading.Event()
        self._starts: deque[float] = deque(maxlen=RESTARTS)
        self._thread = threading.Thread(target=self._watch, name='supervisor', daemon=True)

    def wait(self, timeout_s: float) -> bool:
        """Wait for the moment it gives up; whether that has come."""
        return self._gave_up.wait(timeout_s)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stopping.set()
        if self._thread.is_alive() and not self._app.is_serving:
            # It is starting at this moment; nobody waits for that any more.
            self._app.terminate()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(_LOOK_S):
            if self._app.exit_code is None:
                continue
            code = signal_name(self._app.exit_code)
            if not self._may_restart():
                self._say(f'The App ended again ({code}), once too often: not started any more.')
                self._gave_up.set()
                return
            self._say(f'The App ended ({code}). Starting it again, as the platform would ...')
            try:
                self._app.start()
            except AppEndedError as error:
                if not self._stopping.is_set():
                    self._say(str(error))
                    self._gave_up.set()
                return
            self._say(
                f'The App is back after {self._app.started_s:.1f} s (process {self._app.pid}).'
            )

    def _may_restart(self) -> bool:
        now = time.monotonic()
        is_full = len(self._starts) == RESTARTS
        if is_full and now - self._starts[0] < RESTARTS_WITHIN_S:
            return False
        self._starts.append(now)
        return True
