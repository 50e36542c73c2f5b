"""Stopped Jobs: nothing more is sent for them, and what waits ends as failed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

from sentinel_app.storage import outbox
from sentinel_app.storage.accounts import Accounts
from sentinel_app.storage.statements import statements

_SQL: Final = statements('stopped_jobs')


def stopped_jobs(connection: sqlite3.Connection) -> list[int]:
    """Return the numbers of the stopped Jobs."""
    return [row['job'] for row in connection.execute(_SQL['stopped_jobs']).fetchall()]


def is_stopped(connection: sqlite3.Connection, job: int) -> bool:
    """Return whether a Job was stopped."""
    row = connection.execute(_SQL['is_stopped'], (job,)).fetchone()
    return bool(row and row[0])


def fail(transaction: sqlite3.Connection, job: int) -> None:
    """End as failed what waits to be sent for a Job."""
    accounts = Accounts(transaction)
    outbox.fail_waiting(transaction, job, accounts)
    accounts.store()


def fail_where_stopped(transaction: sqlite3.Connection, jobs: Iterable[int]) -> None:
    """End as failed what waits to be sent for stopped Jobs."""
    for job in jobs:
        if is_stopped(transaction, job):
            fail(transaction, job)
