"""Builders for what the documents hold: queries, Jobs, updates, audit entries."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import Job, JobStatus, JobType, Mode, Update
from sentinel_app.core.query import Query

QUEUED_AT = dt.datetime(2026, 3, 4, 8, 0, tzinfo=dt.UTC)


def minutes(number: float) -> dt.datetime:
    """So long after `QUEUED_AT`."""
    return QUEUED_AT + dt.timedelta(minutes=number)


def make_query(query_id: str = 'q1', **fields: Any) -> Query:
    defaults: dict[str, Any] = {
        'owners': ('Example Org',),
        'indicator_types': (IndicatorType.ADDRESS, IndicatorType.EMAIL_SUBJECT),
        'tql': 'rating > 3',
    }
    return Query(id=query_id, **(defaults | fields))


def make_job(request_id: str = 'j1', **fields: Any) -> Job:
    defaults: dict[str, Any] = {
        'update_id': 'u1',
        'job_type': JobType.SCHEDULED,
        'mode': Mode.DELTA,
        'status': JobStatus.PENDING,
        'query': make_query(),
        'position': 0,
        'queued_at': QUEUED_AT,
    }
    return Job(request_id=request_id, **(defaults | fields))


def make_update(update_id: str = 'u1', **fields: Any) -> Update:
    defaults: dict[str, Any] = {
        'mode': Mode.DELTA,
        'job_type': JobType.SCHEDULED,
        'queued_at': QUEUED_AT,
        'request_ids': ('j1',),
    }
    return Update(id=update_id, **(defaults | fields))


def make_audit(**fields: Any) -> AuditEntry:
    defaults: dict[str, Any] = {
        'at': QUEUED_AT,
        'user': 'jdoe',
        'action': 'configure-save',
        'detail': '1 TQL query',
    }
    return AuditEntry(**(defaults | fields))
