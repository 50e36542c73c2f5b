"""Filters of the lists of Jobs, updates and audit entries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TypedDict

from sentinel_app.core.job import JobStatus, JobType, Mode


class JobFilters(TypedDict, total=False):
    """Filters of the list of Jobs; one that is not given matches every Job."""

    statuses: Iterable[JobStatus]
    request_id_part: str
    """Matched case-insensitively."""
    job_type: JobType | None
    mode: Mode | None
    update_id: str | None
    query_id: str | None
    retry_of: str | None
    after: dt.datetime | None
    """Earliest start; a Job that has not started counts from when it was queued."""
    before: dt.datetime | None
    """Exclusive upper bound of the start."""


class AuditFilters(TypedDict, total=False):
    """Filters of the audit; one that is not given matches every entry."""

    action: str | None
    """Name of the action, for example `task-pause`."""
    user_part: str
    """Part of the user's name, matched case-insensitively."""
    query_id: str | None
    update_id: str | None
    after: dt.datetime | None
    """Earliest time."""
    before: dt.datetime | None
    """Exclusive upper bound of the time."""
