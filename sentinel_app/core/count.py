"""Number of Indicators that each saved TQL query returned when it was last read as a whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sentinel_app.core.job import Job, JobStatus, Mode
from sentinel_app.core.query import Query

WHOLE_MODES = (Mode.FULL, Mode.RECONCILE)
"""Modes that read everything; a delta's count covers only what was modified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCount:
    """Number of Indicators that a query returned, and when the Job that read them completed."""

    read: int
    at: dt.datetime


def last_counts(queries: Sequence[Query], jobs: Iterable[Job]) -> Mapping[str, LastCount]:
    """Return the latest count of each query, by query id.

    A query whose selection was edited has no count until it is read as a whole again, and neither
    has one whose Jobs are no longer kept.

    Args:
        queries: the saved queries.
        jobs: Jobs in any order.
    """
    selections = {query.id: query.selection for query in queries}
    found: dict[str, LastCount] = {}
    for job in jobs:
        at, query = job.completed_at, job.query
        if at is None or job.status is not JobStatus.UPLOAD_COMPLETE or job.mode not in WHOLE_MODES:
            continue
        known = found.get(query.id)
        if known is not None and known.at >= at:
            continue
        # The digest is compared last, as it is the most expensive.
        if query.id in selections and query.selection == selections[query.id]:
            found[query.id] = LastCount(read=job.counts.read, at=at)
    return found
