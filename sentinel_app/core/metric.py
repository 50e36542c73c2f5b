"""Figures by the hour, and the stores that answer what Sentinel holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sentinel_app.core.job import Counts, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What Jobs that have ended add up to."""

    jobs: int = 0
    jobs_failed: int = 0
    read: int = 0
    outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    objects: int = 0
    requests: int = 0
    throttled: int = 0
    throttled_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """The figures of the Jobs that ended within one hour."""

    start_at: dt.datetime
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCount:
    """How many objects of one type Sentinel holds and believes because of one query."""

    query_id: str
    indicator_type: str
    count: int


class MetricStore(Protocol):
    """Figures of Jobs that have ended, by the hour of their end.

    Every writing call is one transaction: it is stored whole or not at all.
    """

    def add_job(self, request_id: str, counts: Counts, *, is_failed: bool, at: dt.datetime) -> None:
        """Add what a Job of the running update came to; a second call for it changes nothing."""
        ...

    def hours(self, *, since: dt.datetime, before: dt.datetime) -> tuple[Hour, ...]:
        """Give the hours in which a Job ended, oldest first."""
        ...

    def total(self) -> Figures:
        """Give what all Jobs ever came to, also those whose hours were removed."""
        ...

    def remove_before(self, at: dt.datetime) -> int:
        """Remove the hours that ended before that time; give their number."""
        ...


class LiveCounts(Protocol):
    """What Sentinel holds because of us, in numbers."""

    def live(self, now: dt.datetime) -> tuple[LiveCount, ...]:
        """Give the objects that are not withdrawn and still valid, by query and type."""
        ...


def summed(parts: Sequence[Figures]) -> Figures:
    """Add figures up."""
    return Figures(
        jobs=sum(part.jobs for part in parts),
        jobs_failed=sum(part.jobs_failed for part in parts),
        read=sum(part.read for part in parts),
        outcomes={
            outcome: sum(part.outcomes.get(outcome, 0) for part in parts) for outcome in Outcome
        },
        objects=sum(part.objects for part in parts),
        requests=sum(part.requests for part in parts),
        throttled=sum(part.throttled for part in parts),
        throttled_s=sum(part.throttled_s for part in parts),
    )
