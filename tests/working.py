"""Builders for what the stages of a running update pass to the stores."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sentinel_app.core.clock import Clock
from sentinel_app.core.error_entry import ErrorEntry
from sentinel_app.core.job import Outcome
from sentinel_app.core.timestamp import to_millis
from sentinel_app.core.work import (
    ChosenObject,
    Claim,
    Conversion,
    Held,
    ObjectState,
    Progress,
    Reading,
    StoredPage,
)
from sentinel_app.pipeline.fault_limit import FaultLimit
from sentinel_app.storage.ending import SqliteJobEndings
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.release import SqliteReleases
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.work import SqliteWork
from tests.clocks import NOON


def make_faults(db: Database, clock: Clock) -> FaultLimit:
    """What ends the work that meets unforeseen exceptions, over the real stores."""
    return FaultLimit(
        work=SqliteWork(db),
        errors=ErrorLog(db),
        releases=SqliteReleases(db),
        endings=SqliteJobEndings(db),
        clock=clock,
    )


def make_progress(**fields: Any) -> Progress:
    """A Job that has just been begun."""
    defaults: dict[str, Any] = {
        'request_id': 'j1',
        'update_id': 'u1',
        'position': 0,
        'query_id': 'q1',
        'reading': Reading.WAITING,
        'last_id': None,
        'page_size': None,
        'expected': None,
        'download_started_at': None,
        'download_completed_at': None,
        'convert_started_at': None,
        'upload_started_at': None,
        'upload_answered_at': None,
        'failure_code': None,
        'failure_reason': None,
        'is_stopped': False,
        'pages_waiting': 0,
        'rows_waiting': 0,
        'open_treatments': 0,
        'is_closed': True,
        'clause': None,
        'warning': None,
        'held_back': 0,
    }
    return Progress(**(defaults | fields))


def make_claim(**fields: Any) -> Claim:
    """What an earlier page chose for an object key."""
    defaults: dict[str, Any] = {
        'request_id': 'j1',
        'position': 0,
        'indicator_id': 1,
        'version': 0,
        'source_modified_at': NOON,
        'created': to_millis(NOON),
        'modified': to_millis(NOON),
        'state': ObjectState.WAITING,
    }
    return Claim(**(defaults | fields))


def make_held(**fields: Any) -> Held:
    """A live object that Sentinel holds until far in the future."""
    defaults: dict[str, Any] = {
        'object_id': 'indicator--1',
        'generation': 0,
        'is_live': True,
        'query_id': 'q1',
        'indicator_id': 1,
        'created': to_millis(NOON),
        'modified_at': NOON,
        'valid_until_at': NOON + dt.timedelta(days=30),
        'content_hash': 'a hash',
    }
    return Held(**(defaults | fields))


def make_chosen(object_key: str = 'k1', **fields: Any) -> ChosenObject:
    """An object that waits to be sent; what a Job's objects have in common follows the Job."""
    defaults: dict[str, Any] = {
        'object_id': f'indicator--{object_key}',
        'generation': 0,
        'version': 0,
        'request_id': 'j1',
        'position': 0,
        'query_id': 'q1',
        'indicator_id': 1,
        'indicator_type': 'Address',
        'summary': '198.51.100.23',
        'owner_name': 'Example Org',
        'web_link': None,
        'source_modified_at': NOON,
        'created': to_millis(NOON),
        'modified': to_millis(NOON),
        'valid_until': to_millis(NOON + dt.timedelta(days=30)),
        'content_hash': 'a hash',
        'state': ObjectState.WAITING,
        'sort_value': None,
    }
    values = defaults | fields
    if 'body' not in values:
        is_sent = values['state'] is ObjectState.WAITING
        values['body'] = f'{{"id":"indicator--{object_key}"}}' if is_sent else None
    return ChosenObject(object_key=object_key, **values)


def make_conversion(
    page: StoredPage,
    outcomes: Mapping[int, Outcome | None],
    objects: Sequence[ChosenObject] = (),
    **fields: Any,
) -> Conversion:
    """What conversion made of a page."""
    return Conversion(page=page, outcomes=outcomes, objects=objects, **fields)


def make_error(**fields: Any) -> ErrorEntry:
    """One error about one Indicator."""
    defaults: dict[str, Any] = {
        'request_id': 'j1',
        'at': NOON,
        'code': 'AZ-ITEM',
        'message': 'Microsoft Sentinel refused this object.',
        'reason': 'Validation failed.',
        'indicator_id': 1,
        'indicator_type': 'Address',
        'summary': '198.51.100.23',
        'owner_name': 'Example Org',
        'web_link': 'https://tc.example.test/1',
    }
    return ErrorEntry(**(defaults | fields))
