"""What narrows the lists of Jobs, updates and audit entries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TypedDict

from sentinel_app.core.job import JobStatus, JobType, Mode


class JobFilters(TypedDict, total=False):
    """What narrows the list of Jobs; a filter that is not given lets every Job through."""

    statuses: Iterable[JobStatus]
    request_id_part: str
    """In any case."""
    job_type: JobType | None
    mode: Mode | None
    update_id: str | None
    query_id: str | None
    retry_of: str | None
    after: dt.datetime | None
    """The earliest start; that of a Job that has not started is when it was queued."""
    before: dt.datetime | None
    """What started then, or later, is left out."""


class AuditFilters(TypedDict, total=False):
    """What narrows the audit; a filter that is not given lets every entry through."""

    action: str | None
    """Its name, for example `task-pause`."""
    user_part: str
    """A part of the user's name, in any case."""
    query_id: str | None
    update_id: str | None
    after: dt.datetime | None
    """The earliest time."""
    before: dt.datetime | None
    """What is at that time, or later, is left out."""
