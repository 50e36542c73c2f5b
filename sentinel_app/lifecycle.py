"""The start and the end of the background threads, and what comes too late for the end."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterable
from typing import Final

from sentinel_app.core.clock import Clock
from sentinel_app.core.task import TaskSlug
from sentinel_app.log import EventLog
from sentinel_app.pipeline.wakeup import Wakeups
from sentinel_app.tasks.notifier import Notifier
from sentinel_app.tasks.scheduler import Scheduler
from sentinel_app.tasks.supervisor import Supervisor
from sentinel_app.tasks.worker import Worker

GARBAGE_THRESHOLD: Final = 20_000
"""New objects, less those that are gone, after which Python collects cycles of garbage."""

OTHERS_S: Final = 1.0
"""How long the end waits for whatever is under way and is not a batch in flight."""

_log = EventLog(__name__)


class Lifecycle:
    """Starts and stops the background threads of the App.

    Args:
        supervisor: has the threads of all Tasks.
        scheduler: has the thread that keeps time.
        notifier: has the thread that notifies people; None without recipients.
        recover: takes up what an earlier process left.
        check: tries what the App depends on.
        close: closes the stores.
        stop: ends every thread.
        wakeups: wake what waits.
        clock: measures the time for the end.
    """

    def __init__(
        self,
        *,
        supervisor: Supervisor,
        scheduler: Scheduler,
        notifier: Notifier | None,
        recover: Callable[[], None],
        check: Callable[[], object],
        close: Callable[[], None],
        stop: threading.Event,
        wakeups: Wakeups,
        clock: Clock,
    ) -> None:
        self._supervisor = supervisor
        self._scheduler = scheduler
        self._notifier = notifier
        self._recover = recover
        self._check = check
        self._close = close
        self._stop = stop
        self._wakeups = wakeups
        self._clock = clock

    def start(self) -> None:
        """Take up what an earlier process left, and start the background threads."""
        # Pages are made into many short-lived objects and next to no cycles: looking for those as
        # often as Python does by itself costs a fifteenth of an update.
        gc.set_threshold(GARBAGE_THRESHOLD)
        self._recover()
        self._supervisor.start()
        self._scheduler.start()
        if self._notifier is not None:
            self._notifier.worker.start()

    def check(self) -> None:
        """Try what the App depends on, in the background; the result goes to the log."""
        threading.Thread(target=self._run_check, name='check', daemon=True).start()

    def stop(self, timeout_s: float) -> None:
        """Stop each thread at its next safe point, and close the stores.

        A batch in flight may have its answer within the time; one that takes longer is abandoned,
        and sent again at the next start. What is read or converted is not worth waiting for.
        """
        began = self._clock.monotonic()
        self._stop.set()
        self._supervisor.stop()
        self._wakeups.notify_all()
        if self._notifier is not None:
            self._notifier.trigger()
        uploads = self._supervisor.workers_of(TaskSlug.UPLOAD)
        if late := self._late(uploads, began + timeout_s):
            _log.warning('batches-abandoned', threads=late)
        others: list[Worker | Scheduler] = [
            *(each for each in self._supervisor.workers if each not in uploads),
            self._scheduler,
        ]
        if self._notifier is not None:
            others.append(self._notifier.worker)
        if late := self._late(others, began + min(timeout_s, OTHERS_S)):
            _log.info('steps-abandoned', threads=late)
        self._close()

    def _run_check(self) -> None:
        try:
            self._check()
        except Exception as error:  # noqa: BLE001 - a thread; no check may end the App
            if not self._stop.is_set():
                _log.exception('check-failed', error)

    def _late(self, threads: Iterable[Worker | Scheduler], deadline: float) -> int:
        """Wait for threads; return how many do not end in time."""
        return sum(not each.join(deadline - self._clock.monotonic()) for each in threads)
