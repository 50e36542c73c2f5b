"""Hourly figures of Jobs, and counts of live objects."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sentinel_app.core.job import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Sums over Jobs that have ended."""

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
    """Figures of the Jobs that ended within one hour."""

    start_at: dt.datetime
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCount:
    """Number of live, unexpired objects of one type that Sentinel has because of one query."""

    query_id: str
    indicator_type: str
    count: int


def summed(parts: Sequence[Figures]) -> Figures:
    """Return the sum of figures."""
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


def summed_by_query(counts: Iterable[LiveCount]) -> Mapping[str, int]:
    """Return the number of objects of each query, by query id."""
    found: Counter[str] = Counter()
    for each in counts:
        found[each.query_id] += each.count
    return found
