"""Closing of errors, inside the caller's transactions."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from sentinel_app.core.error_entry import About, ErrorEntry, ErrorState
from sentinel_app.core.job import Job, JobStatus
from sentinel_app.core.timestamp import to_millis
from sentinel_app.storage.selection import run_in
from sentinel_app.storage.statements import statements
from sentinel_app.storage.taken_up import taken_up

_SQL: Final = statements('error_state')


def supersede_earlier(transaction: sqlite3.Connection, entries: Iterable[ErrorEntry]) -> None:
    """Close the errors that these repeat, before they are stored."""
    transaction.executemany(
        _SQL['supersede_earlier'],
        [
            (
                *(to_millis(entry.at), entry.about, entry.indicator_id, entry.object),
                entry.request_id,
            )
            for entry in entries
            if entry.about is not About.JOB
        ],
    )


def close_accepted(
    transaction: sqlite3.Connection, outbox_ids: Sequence[int], at: dt.datetime
) -> None:
    """Close the errors about objects that Sentinel has accepted, while they are in the outbox."""
    run_in(transaction, _SQL['close_accepted'], outbox_ids, (to_millis(at),))


def supersede_unfounded(
    transaction: sqlite3.Connection, objects: Sequence[int], at: dt.datetime
) -> None:
    """Close the errors about objects without a stored refusal."""
    run_in(transaction, _SQL['supersede_unfounded'], objects, (to_millis(at),))


def supersede_removed(
    transaction: sqlite3.Connection, query_ids: Collection[str], at: dt.datetime
) -> None:
    """Close the errors of queries that are no longer saved, except refused withdrawals.

    Args:
        transaction: the caller's transaction.
        query_ids: the saved queries.
        at: the current time.
    """
    gone = [row['id'] for row in transaction.execute(_SQL['queries']) if row[1] not in query_ids]
    transaction.executemany(_SQL['supersede_removed'], [(to_millis(at), query) for query in gone])


def close_ended(
    transaction: sqlite3.Connection, update_id: str, jobs: Sequence[Job], at: dt.datetime
) -> None:
    """Close the errors that the end of an update settles, before its rows are removed.

    Args:
        transaction: the caller's transaction.
        update_id: the update.
        jobs: its Jobs in their final state.
        at: the current time.
    """
    for job in jobs:
        if job.status is JobStatus.UPLOAD_COMPLETE:
            transaction.execute(_SQL['resolve_of_query'], (to_millis(at), job.query.id))
        elif job.status is JobStatus.FAILED:
            values = (to_millis(at), job.request_id, job.query.id)
            transaction.execute(_SQL['supersede_of_query'], values)
    _close_read_again(transaction, update_id, at)
    objects = [row[0] for row in transaction.execute(_SQL['open_objects'])]
    supersede_unfounded(transaction, objects, at)


def _close_read_again(transaction: sqlite3.Connection, update_id: str, at: dt.datetime) -> None:
    """Close the errors that the last reading did not find again: sendable now, or gone.

    A delta covers only what it has read.
    """
    closed: list[int] = []
    by_delta: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for row in transaction.execute(_SQL['read_again'], (update_id,)):
        if row['is_delta']:
            by_delta[row['job']][row['indicator_id']] = row['id']
        else:
            closed.append(row['id'])
    for job, errors in by_delta.items():
        closed += [errors[number] for number in taken_up(transaction, job, list(errors))]
    transaction.executemany(
        _SQL['close'], [(ErrorState.RESOLVED, to_millis(at), item) for item in closed]
    )
