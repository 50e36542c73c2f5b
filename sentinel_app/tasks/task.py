"""A Task: its state, its threads, and how it is triggered, paused, killed and watched."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from sentinel_app.core.clock import Clock
from sentinel_app.core.job import Update
from sentinel_app.core.schedule import is_period_over
from sentinel_app.core.task import (
    TaskCondition,
    TaskFacts,
    TaskHealth,
    TaskKill,
    TaskState,
    TaskView,
)
from sentinel_app.errors import Cancelled, SentinelAppError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.wakeup import Wakeup
from sentinel_app.storage.fence import Fence
from sentinel_app.tasks.task_body import TaskBody, queued_words
from sentinel_app.tasks.worker import StepStop, Worker

LONGEST_IDLE_STEP_S = 1.0
"""A step that takes longer is at work; one that finds nothing to do ends sooner."""

_log = EventLog(__name__)


class Task:
    """One Task with all its threads.

    Args:
        facts: what it is.
        body: what it does.
        state: as stored.
        stop: ends its threads.
        wakeup: wakes them.
        clock: the present, and waiting.
        on_error: called with the name of a thread and its exception, or None when it recovered.
        threads: how many steps may be under way at once.
        fence: refuses what a step stores after it was killed; None where that is still true then.
    """

    def __init__(
        self,
        *,
        facts: TaskFacts,
        body: TaskBody,
        state: TaskState,
        stop: threading.Event,
        wakeup: Wakeup,
        clock: Clock,
        on_error: Callable[[str, BaseException | None], None],
        threads: int = 1,
        fence: Fence | None = None,
    ) -> None:
        self.facts = facts
        self.body = body
        self._state = state
        self._stop = stop
        self._wakeup = wakeup
        self._clock = clock
        self._on_error = on_error
        self._threads = threads
        self._fence = fence
        self._lock = threading.Lock()
        self._steps: dict[int, StepStop] = {}
        """The step under way, by the place of its thread."""
        self._workers = {place: self._worker(place) for place in range(threads)}
        self._beat: tuple[dt.datetime, float] | None = None
        self._done = 0
        self._events: list[str] = []
        """What happened to the present run."""
        self._ended: tuple[dt.datetime, str] | None = None
        self._kill: TaskKill | None = None
        self._triggered_at: float | None = None

    @property
    def health(self) -> TaskHealth:
        """What keeps it from its work, if anything does."""
        with self._lock:
            return TaskHealth(facts=self.facts, state=self._state, kill=self._kill)

    @property
    def state(self) -> TaskState:
        """Its state, as stored."""
        return self._state

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Its threads."""
        return tuple(self._workers.values())

    def start(self) -> None:
        """Start its threads."""
        for worker in self._workers.values():
            worker.start()

    def is_due(self, now: float) -> bool:
        """Whether it is to be triggered because its period is over.

        Args:
            now: the monotonic present.
        """
        is_over = is_period_over(self._triggered_at, self.facts.period_s, now)
        return is_over and not self._state.is_paused

    def trigger(self) -> None:
        """Wake its threads to take a step now."""
        self._triggered_at = self._clock.monotonic()
        self._wakeup.notify_all()

    def run_now(self) -> Update | None:
        """Run outside the schedule; return the update that was queued by it, if any.

        Raises:
            ConflictError: there is nothing to do.
        """
        update = self.body.run()
        with self._lock:
            self._kill = None
            if update is not None:
                self._events.append(queued_words(update))
                if not self._steps:
                    self._end_run()
        self.trigger()
        return update

    def set_state(self, state: TaskState, event: str | None = None) -> None:
        """Pause or resume; `event` says why, for the outcome.

        A step that waits, for the API limit or before another attempt, ends now and loses nothing;
        a request under way is over first. A stage that is resumed goes on at once; what is done
        every so many seconds is triggered where it became due meanwhile.
        """
        with self._lock:
            self._state = state
            if state.is_paused:
                self._interrupt()
                if event is not None and (self._steps or self._done):
                    self._events.append(event)
                if not self._steps:
                    self._end_run()
        if not state.is_paused and self.body.repeats:
            self.trigger()

    def interrupt(self) -> None:
        """Interrupt the steps under way."""
        with self._lock:
            self._interrupt()

    def kill(self, by: str, request_ids: tuple[str, ...]) -> frozenset[StepStop]:
        """End the run that `by` killed: interrupt the steps under way, and return them.

        Args:
            by: a user, or the watchdog, as a sentence names them.
            request_ids: the Jobs that fail with it.
        """
        with self._lock:
            for step in self._steps.values():
                step.kill()
            self._kill = TaskKill(at=self._clock.now(), by=by, request_ids=request_ids)
            self._events.append(f'killed by {by}')
            self._end_run()
            return frozenset(self._steps.values())

    def _interrupt(self) -> None:
        for step in self._steps.values():
            step.interrupt()

    def while_still(self, action: Callable[[], object]) -> bool:
        """Do something unless a step is under way; return whether it was done."""
        with self._lock:
            if not self._steps:
                action()
            return not self._steps

    def are_over(self, steps: frozenset[StepStop]) -> bool:
        """Whether these steps have ended, or were left behind."""
        with self._lock:
            return steps.isdisjoint(self._steps.values())

    def replace(self, steps: frozenset[StepStop]) -> None:
        """Leave the threads of these steps behind, and let others take their places.

        One in the middle of a write stays: others would have to wait for the end of that as well,
        and what they decide must come after it.

        Args:
            steps: steps that were killed.
        """
        with self._lock:
            places = [
                place
                for place, step in self._steps.items()
                if step in steps and not step.is_writing
            ]
            for place in places:
                del self._steps[place]
                self._workers[place].retire()
                self._workers[place] = self._worker(place)
            if places:
                self._end_run()
        for place in places:
            _log.warning('worker-replaced', worker=self._name(place))
            if not self._stop.is_set():
                self._workers[place].start()
        if self.body.repeats:
            self.trigger()

    def is_overdue(self) -> bool:
        """Whether a step that nobody has killed had no heartbeat for the time-out."""
        now = self._clock.monotonic()
        with self._lock:
            return any(
                not step.is_killed and step.age_s(now) > self.facts.timeout_s
                for step in self._steps.values()
            )

    def excuse(self) -> None:
        """Record a heartbeat of the steps under way: it was the whole process that stood still."""
        with self._lock:
            for step in self._steps.values():
                step.beat()

    def view(self) -> TaskView:
        """Return how it stands."""
        request_ids = self.body.request_ids()
        now = self._clock.monotonic()
        with self._lock:
            steps = list(self._steps.values())
            state, ended, beat = self._state, self._ended, self._beat
        is_busy = bool(request_ids) or any(
            step.runtime_s(now) > LONGEST_IDLE_STEP_S for step in steps
        )
        if state.is_paused:
            condition = TaskCondition.FINISHING if steps else TaskCondition.PAUSED
        else:
            condition = TaskCondition.RUNNING if is_busy else TaskCondition.IDLE
        is_running = condition in {TaskCondition.RUNNING, TaskCondition.FINISHING}
        if steps:
            oldest = max(steps, key=lambda step: step.age_s(now))
            beat = (oldest.beat_at, now - oldest.age_s(now))
        return TaskView(
            facts=self.facts,
            condition=condition,
            state=state,
            request_ids=request_ids if is_running else (),
            beat_at=beat[0] if is_running and beat else None,
            beat_age_s=max(0.0, now - beat[1]) if is_running and beat else None,
            ended_at=ended[0] if ended else None,
            outcome=ended[1] if ended else None,
        )

    def _name(self, place: int) -> str:
        return f'{self.facts.slug}-{place}' if self._threads > 1 else str(self.facts.slug)

    def _worker(self, place: int) -> Worker:
        name = self._name(place)
        return Worker(
            name=name,
            step=partial(self._step, place),
            stop=self._stop,
            wakeup=self._wakeup,
            clock=self._clock,
            on_error=partial(self._on_error, name),
            repeats=self.body.repeats,
        )

    def _step(self, place: int) -> bool:
        with self._lock:
            if self._state.is_paused:
                return False
            stop = self._steps[place] = StepStop(self._clock)
            # The process may have begun to end since the thread checked.
            if self._stop.is_set():
                stop.interrupt()
        try:
            with self._fenced(stop):
                is_more = self.body.step(stop)
        except Cancelled:
            self._leave(place, stop)
            raise
        except Exception as error:
            self._leave(place, stop, trouble=_words(error))
            raise
        self._leave(place, stop, is_done=is_more)
        return is_more

    def _fenced(self, stop: StepStop) -> AbstractContextManager[None]:
        return nullcontext() if self._fence is None else self._fence.around(stop)

    def _leave(
        self, place: int, stop: StepStop, *, is_done: bool = False, trouble: str | None = None
    ) -> None:
        with self._lock:
            if self._steps.get(place) is not stop:
                # Left behind; another thread has the place.
                return
            del self._steps[place]
            self._beat = (self._clock.now(), self._clock.monotonic())
            self._done += is_done
            if is_done:
                self._kill = None
            if trouble is not None:
                self._events.append(trouble)
            is_over = self._state.is_paused or not (is_done and self.body.repeats)
            if not self._steps and is_over:
                self._end_run()

    def _end_run(self) -> None:
        parts = [self.body.outcome(self._done)] if self._done else []
        parts += self._events
        self._done, self._events = 0, []
        if parts:
            words = '; '.join(dict.fromkeys(parts))
            self._ended = (self._clock.now(), f'{words[0].upper()}{words[1:]}.')


def _words(error: Exception) -> str:
    if isinstance(error, SentinelAppError):
        return f'failed: {error.message.rstrip(".")}'
    return f'failed: an unexpected {type(error).__name__}; the log has the details'
