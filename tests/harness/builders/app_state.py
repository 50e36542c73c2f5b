"""Builders for what the documents hold: queries, Jobs, updates, audit entries."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import (
    Counts,
    Job,
    JobStatus,
    JobType,
    Mode,
    Outcome,
    Stage,
    StageTimes,
    Update,
)
from sentinel_app.core.query import Query
from sentinel_app.core.window import Window

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


def make_ended_job(request_id: str = 'j1', **fields: Any) -> Job:
    """A Job that went well, with whatever such a one has."""
    defaults: dict[str, Any] = {
        'job_type': JobType.AD_HOC,
        'status': JobStatus.UPLOAD_COMPLETE,
        'started_at': minutes(1),
        'completed_at': minutes(2.5),
        'window': Window(start_at=minutes(-9), end_at=minutes(0)),
        'stages': {Stage.DOWNLOAD: StageTimes(started_at=minutes(1), completed_at=minutes(2))},
        'counts': Counts(
            read=11,
            outcomes={Outcome.SENT: 10, Outcome.INVALID: 1},
            objects=12,
            requests=1,
            throttled=2,
            throttled_s=61.5,
            expected=11,
            converted=11,
            held_back=3,
        ),
        'warnings': ('too many',),
        'retry_of': 'old',
    }
    return make_job(request_id, **(defaults | fields))


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
