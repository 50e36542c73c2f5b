"""What the Tasks do: one function each, with the words that people see of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sentinel_app.core.clock import Stop
from sentinel_app.core.job import Update
from sentinel_app.errors import Cancelled
from sentinel_app.tasks.update_follower import UpdateFollower
from sentinel_app.tasks.update_queue import UpdateQueue


def _no_jobs() -> tuple[str, ...]:
    return ()


def _queue_nothing() -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskBody:
    """What a Task does.

    Args:
        step: does one piece of work; False when there was nothing to do.
        outcome: words for a run of so many pieces, without a full stop.
        repeats: whether the next piece follows at once while there is work; otherwise a trigger is
            worth one.
        request_ids: returns the Jobs that are being worked on, in the order of precedence.
        run: queues the update that *Run* stands for, and returns it; raises `ConflictError` where
            there is none to queue.
    """

    step: Callable[[Stop], bool]
    outcome: Callable[[int], str]
    repeats: bool = False
    request_ids: Callable[[], tuple[str, ...]] = _no_jobs
    run: Callable[[], Update | None] = _queue_nothing


def stage_body(
    follower: UpdateFollower,
    step: Callable[[Update, Stop], bool],
    *,
    working_on: Callable[[str], tuple[str, ...]],
    words: str,
) -> TaskBody:
    """Return the body of a stage of the running update.

    Args:
        follower: knows the running update.
        step: does one piece of the stage's work.
        working_on: returns the Jobs that the stage is at, of an update.
        words: of the outcome; `{count}` is the number of pieces, `{s}` and `{es}` their plural.
    """

    def step_of_running(stop: Stop) -> bool:
        update = follower.running
        return update is not None and step(update, stop)

    def request_ids() -> tuple[str, ...]:
        update = follower.running
        return () if update is None else working_on(update.id)

    def outcome(count: int) -> str:
        is_one = count == 1
        return words.format(count=f'{count:,}', s='' if is_one else 's', es='' if is_one else 'es')

    return TaskBody(step=step_of_running, outcome=outcome, repeats=True, request_ids=request_ids)


def schedule_body(queue: UpdateQueue) -> TaskBody:
    """Return the body that queues the scheduled update when it is due."""
    queued: Update | None = None

    def step(stop: Stop) -> bool:
        nonlocal queued
        if stop.is_set():
            raise Cancelled('Checking the schedule was interrupted.')
        update = queue.queue_due()
        queued = update or queued
        return update is not None

    return TaskBody(
        step=step,
        outcome=lambda _: queued_words(queued) if queued else '',
        run=queue.queue_now,
    )


def queued_words(update: Update) -> str:
    """Return the words for an update that a Task queued."""
    return f'queued a {update.mode} update'
