"""Fence of the stores: a step of a Task that was killed writes nothing more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol


class FencedStep(Protocol):
    """A step of a Task that may be killed, and another thread put in its place."""

    def writing(self) -> AbstractContextManager[None]:
        """Keep the step from being replaced while the block runs.

        Raises:
            Cancelled: the step has been killed.
        """
        ...


class _Own(threading.local):
    """The step that the current thread runs."""

    step: FencedStep | None = None


class Fence:
    """Refuses the writes of steps that were killed; one for all stores of a data folder.

    A step that hangs is killed, and another thread goes on in its place. Should it wake up after
    all, its decisions are out of date, so it may store nothing. Threads that run no step, such as
    those of requests, may always write.
    """

    def __init__(self) -> None:
        self._own = _Own()

    @contextmanager
    def around(self, step: FencedStep) -> Iterator[None]:
        """Refuse the writes of the current thread in the block once this step is killed."""
        before = self._own.step
        self._own.step = step
        try:
            yield
        finally:
            self._own.step = before

    def passing(self) -> AbstractContextManager[None]:
        """Keep the step of the current thread from being replaced while the block runs.

        Raises:
            Cancelled: the step has been killed.
        """
        step = self._own.step
        return nullcontext() if step is None else step.writing()
