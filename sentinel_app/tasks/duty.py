"""What the Tasks of the pipeline and the Task Schedule Updates do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.job import Mode, Update
from sentinel_app.core.progress import Progress
from sentinel_app.errors import Cancelled
from sentinel_app.tasks.update_follower import UpdateFollower
from sentinel_app.tasks.update_queue import UpdateQueue


class StageDuty:
    """A stage of the running update.

    Args:
        step: one piece of the stage's work.
        working_on: gives the Jobs that the stage is at, of an update.
        words: of the outcome; `{count}` is the number of pieces, `{s}` and `{es}` their plural.
    """

    def __init__(
        self,
        *,
        follower: UpdateFollower,
        step: Callable[[Update, Stop], bool],
        working_on: Callable[[str], tuple[str, ...]],
        words: str,
    ) -> None:
        self._follower = follower
        self._step = step
        self._working_on = working_on
        self._words = words

    def step(self, stop: Stop) -> bool:
        """Do one piece of the running update."""
        update = self._follower.running
        return update is not None and self._step(update, stop)

    def ask(self) -> str | None:
        """Do nothing: whoever asks wakes the Task as well, and it looks for work at once."""
        return None

    def request_ids(self) -> tuple[str, ...]:
        """Return the Jobs that the stage is at."""
        update = self._follower.running
        return () if update is None else self._working_on(update.id)

    def outcome(self, steps: int) -> str:
        """Say how many pieces it were."""
        is_one = steps == 1
        return self._words.format(
            count=f'{steps:,}', s='' if is_one else 's', es='' if is_one else 'es'
        )


class Periodic(ABC):
    """Does something every so many seconds, and when it is asked to."""

    def __init__(self, *, clock: Clock, period_s: float) -> None:
        self._clock = clock
        self._period_s = period_s
        self._next_at: float | None = None

    def step(self, stop: Stop) -> bool:
        """Do it if it is time."""
        now = self._clock.monotonic()
        if self._next_at is not None and now < self._next_at:
            return False
        # First, so that a request that comes meanwhile is not lost.
        self._next_at = now + self._period_s
        return self._perform(stop)

    def ask(self) -> str | None:
        """Let the next step do it."""
        self._next_at = None
        return None

    def request_ids(self) -> tuple[str, ...]:
        """It works on no Job."""
        return ()

    @abstractmethod
    def _perform(self, stop: Stop) -> bool:
        """Do it, and tell whether there was something to do."""


class ScheduleDuty(Periodic):
    """Queues the scheduled update when it is due."""

    def __init__(self, *, queue: UpdateQueue, clock: Clock, period_s: float) -> None:
        super().__init__(clock=clock, period_s=period_s)
        self._queue = queue
        self._mode: Mode | None = None

    def ask(self) -> str | None:
        """Queue the next scheduled update at once.

        Raises:
            ConflictError: there is no query, or a scheduled update waits already.
        """
        return f'queued a {self._queue.queue_now().mode} update'

    def look(self) -> None:
        """Look at once whether an update is due."""
        super().ask()

    def outcome(self, steps: int) -> str:  # noqa: ARG002 - one update, whatever the steps
        """Say what was queued."""
        return f'queued a {self._mode} update'

    def _perform(self, stop: Stop) -> bool:
        if stop.is_set():
            raise Cancelled('Looking at the schedule was interrupted.')
        update = self._queue.queue_due()
        if update is not None:
            self._mode = update.mode
        return update is not None


def downloading(progress: Sequence[Progress]) -> tuple[str, ...]:
    """Return the Job that is being read: the highest query's that is not read through."""
    return _first(item for item in progress if not (item.is_read or item.is_downloaded))


def converting(progress: Sequence[Progress]) -> tuple[str, ...]:
    """Return the Job that is being converted: the highest query's with a page that waits."""
    return _first(item for item in progress if item.pages_waiting)


def _first(items: Iterable[Progress]) -> tuple[str, ...]:
    return next(((item.request_id,) for item in items), ())
