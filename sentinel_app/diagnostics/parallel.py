"""Parallel requests to ThreatConnect with a common time limit."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from sentinel_app.errors import ReadTimeoutError

AT_ONCE = 4
"""Maximum concurrent requests, to spare an instance with other work."""

Answer = TypeVar('Answer')


class _ParallelCalls(Generic[Answer]):
    """Calls that worker threads make one after the other, until all are done or one fails."""

    def __init__(self, calls: Sequence[Callable[[], Answer]]) -> None:
        self._open: queue.SimpleQueue[tuple[int, Callable[[], Answer]]] = queue.SimpleQueue()
        for item in enumerate(calls):
            self._open.put(item)
        self._left = len(calls)
        self._lock = threading.Lock()
        self.answers: dict[int, Answer] = {}
        self.error: BaseException | None = None
        self.is_over = threading.Event()

    def run(self) -> None:
        while not self.is_over.is_set():
            try:
                place, call = self._open.get_nowait()
            except queue.Empty:
                return
            try:
                self._record(place, call())
            except Exception as error:  # noqa: BLE001 - a thread; the caller gets the exception
                self.error = error
                self.is_over.set()

    def _record(self, place: int, answer: Answer) -> None:
        with self._lock:
            self.answers[place] = answer
            self._left -= 1
            if not self._left:
                self.is_over.set()


def gathered(calls: Sequence[Callable[[], Answer]], *, within_s: float) -> list[Answer]:
    """Make calls in parallel and return their results, in the order of the calls.

    Calls that are still running after the time limit end by their own time-outs.

    Args:
        calls: the calls, of which a few run at a time.
        within_s: the time limit of all calls, in seconds.

    Raises:
        ReadTimeoutError: they take longer.
        Exception: the exception of the first call that failed.
    """
    if not calls:
        return []
    running = _ParallelCalls(calls)
    for place in range(min(AT_ONCE, len(calls))):
        threading.Thread(target=running.run, name=f'parallel-{place}', daemon=True).start()
    is_over = running.is_over.wait(max(0.0, within_s))
    if running.error is not None:
        raise running.error
    if not is_over:
        raise ReadTimeoutError(
            'ThreatConnect did not answer in time. Try again when it is less busy, or ask for '
            'less: fewer owners, fewer types, or a narrower TQL. Updates are not affected: they '
            'read page by page and take the time that it needs.'
        )
    return [running.answers[place] for place in range(len(calls))]


def gathered_in_time(
    calls: Sequence[Callable[[], Answer]], *, within_s: float
) -> list[Answer | None]:
    """Make calls in parallel and return the results in time, in order; None for the others.

    Args:
        calls: the calls, of which a few run at a time. They raise nothing.
        within_s: the time limit of all calls, in seconds.
    """
    if not calls:
        return []
    running = _ParallelCalls(calls)
    for place in range(min(AT_ONCE, len(calls))):
        threading.Thread(target=running.run, name=f'parallel-{place}', daemon=True).start()
    running.is_over.wait(max(0.0, within_s))
    if running.error is not None:
        raise running.error
    # Threads start no further call; running ones end by their own time-outs.
    running.is_over.set()
    return [running.answers.get(place) for place in range(len(calls))]
