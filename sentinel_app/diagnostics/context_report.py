"""What people see of Context: how it stands, and what its objects are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sentinel_app.core.clock import Clock
from sentinel_app.core.context_choice import ActorGroupType, ContextChoice
from sentinel_app.core.context_outbox import ContextAccount, ContextCounts
from sentinel_app.core.context_report import (
    ActorFilter,
    ActorSort,
    RefusedContext,
    RelatedObject,
    ShownActor,
)
from sentinel_app.core.task import TaskPause, TaskSlug, facts_of
from sentinel_app.core.upload_limits import spare_limit, spare_s
from sentinel_app.errors import SentinelAppError
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.context_report import ContextReport

VALID_S: Final = 3.0
"""Seconds for which counts are cached: several screens ask for them every few seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextStatus:
    """How Context stands."""

    choice: ContextChoice
    actor_types: tuple[ActorGroupType, ...]
    counts: ContextCounts
    requests_per_minute: int
    """Requests that context may use of the API limit."""
    left_s: float | None
    """Seconds that sending takes once Indicators leave something of the limit; None if unknown."""
    error: SentinelAppError | None
    """What keeps context from being sent."""
    pause: TaskPause | None


class ContextReports:
    """Reads what is known of context objects.

    Args:
        report: the stores.
        app_state: knows whether the Task is paused.
        choice: which context objects are sent.
        actor_types: types of the Groups that are threat actors.
        requests_per_minute: the API limit.
        error: returns what keeps context from being sent.
        clock: the clock of the cache.
    """

    def __init__(
        self,
        *,
        report: ContextReport,
        app_state: AppState,
        choice: ContextChoice,
        actor_types: Collection[ActorGroupType],
        requests_per_minute: int,
        error: Callable[[], SentinelAppError | None],
        clock: Clock,
    ) -> None:
        self._report = report
        self._app_state = app_state
        self._choice = choice
        self._actor_types = tuple(kind for kind in ActorGroupType if kind in actor_types)
        self._requests_per_minute = requests_per_minute
        self._error = error
        self._clock = clock
        self._known: tuple[float, ContextCounts, float] | None = None

    @property
    def is_on(self) -> bool:
        """Whether context objects are sent at all."""
        return self._choice is not ContextChoice.NONE

    def forget(self) -> None:
        """Count again for the next one who asks, as a person has changed something."""
        self._known = None

    def status(self) -> ContextStatus:
        """Return how Context stands."""
        counts, actors_each = self._counts()
        pause, error = self._pause(), self._error()
        due = counts.due if self._choice.has_actors else 0
        objects = counts.waiting + due * actors_each
        return ContextStatus(
            choice=self._choice,
            actor_types=self._actor_types,
            counts=counts,
            requests_per_minute=spare_limit(self._requests_per_minute),
            left_s=None
            if pause is not None or error is not None
            else spare_s(objects, self._requests_per_minute),
            error=error,
            pause=pause,
        )

    def accounts(self, request_ids: Iterable[str]) -> Mapping[str, ContextAccount]:
        """Return the accounts of those Jobs that have called for context objects."""
        return self._report.accounts(request_ids)

    def actors(
        self,
        wanted: ActorFilter,
        *,
        sort: ActorSort,
        is_descending: bool,
        limit: int,
        offset: int,
    ) -> tuple[tuple[ShownActor, ...], int]:
        """Return a page of threat actors, and the total number of them."""
        return self._report.actors(
            wanted, sort=sort, is_descending=is_descending, limit=limit, offset=offset
        )

    def actors_of(self, objects: Collection[int]) -> tuple[ShownActor, ...]:
        """Return the threat actors that some ledger rows are to be related to."""
        return self._report.actors_of(objects)

    def related(
        self, actor_id: int, *, limit: int, offset: int
    ) -> tuple[tuple[RelatedObject, ...], int]:
        """Return a page of the objects that are to be related to an actor, and their number."""
        return self._report.related(actor_id, limit=limit, offset=offset)

    def refused(self, *, limit: int, offset: int) -> tuple[tuple[RefusedContext, ...], int]:
        """Return a page of what Sentinel refuses of every kind, and the total number of it."""
        return self._report.refused(limit=limit, offset=offset)

    def _counts(self) -> tuple[ContextCounts, float]:
        """Return the counts, and how many relationships each Indicator has that is due."""
        now, known = self._clock.monotonic(), self._known
        if known is None or not 0 <= now - known[0] < VALID_S:
            counts = self._report.counts()
            actors_each = self._report.actors_each() if counts.due else 0.0
            known = self._known = (now, counts, actors_each)
        return known[1:]

    def _pause(self) -> TaskPause | None:
        state = self._app_state.task_state(TaskSlug.CONTEXT)
        return TaskPause(task=facts_of(TaskSlug.CONTEXT), state=state) if state.is_paused else None
