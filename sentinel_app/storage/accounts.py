"""Counters of Jobs and live objects, changed in the transaction of what they count."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from sentinel_app.core.job import Outcome
from sentinel_app.storage.statements import statements

_SQL: Final = statements('accounts')
_HOUR_MS: Final = 3_600_000


class Account(IntEnum):
    """Which outcome an object in the outbox decides."""

    INDICATOR = 0
    """The outcome of its Indicator, alone."""
    ROW = 1
    """The outcome of its Indicator, together with other objects: there is an outcome row."""
    NOBODY = 2
    """None: another copy has replaced it, or the Job's account is closed."""


@dataclass(slots=True)
class OutcomeRow:
    """Outcomes of one Indicator's objects in one Job, as numbers of objects."""

    base: str
    """Outcome of the Indicator unless an object decides otherwise."""
    waiting: int = 0
    unchanged: int = 0
    sent: int = 0
    withdrawn: int = 0
    failed: int = 0
    refused: int = 0

    def values(self) -> tuple[str, int, int, int, int, int, int]:
        """Return the stored values, in the order of the columns."""
        return (
            *(self.base, self.waiting, self.unchanged),
            *(self.sent, self.withdrawn, self.failed, self.refused),
        )

    @property
    def column(self) -> str:
        """Counter that includes the Indicator."""
        if self.waiting:
            return 'open'
        for name in ('refused', 'failed', 'sent', 'withdrawn', 'unchanged'):
            if getattr(self, name):
                return name
        return self.base


class Accounts:
    """Changes to the accounts of Jobs, collected and stored once at the end of a transaction."""

    def __init__(self, transaction: sqlite3.Connection) -> None:
        self._transaction = transaction
        self._changes: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._rows: dict[tuple[int, int], OutcomeRow | None] = {}

    def add(self, job: int, column: str, number: int = 1) -> None:
        """Add to one counter of a Job."""
        self._changes[job][column] += number

    def row(self, job: int, indicator_id: int) -> OutcomeRow | None:
        """Return the outcome row of an Indicator; None if it has none."""
        key = (job, indicator_id)
        if key not in self._rows:
            found = self._transaction.execute(_SQL['outcome_row'], key).fetchone()
            self._rows[key] = None if found is None else OutcomeRow(*found)
        return self._rows[key]

    def open_row(self, job: int, indicator_id: int, row: OutcomeRow) -> None:
        """Add an Indicator with an outcome row."""
        self._rows[job, indicator_id] = row
        self.add(job, row.column)

    def change(self, job: int, indicator_id: int, **changes: int) -> None:
        """Change an outcome row, and move its Indicator between counters if its outcome changes.

        Raises:
            LookupError: the row does not exist.
        """
        row = self.row(job, indicator_id)
        if row is None:
            raise LookupError(f'Indicator {indicator_id} has no outcome row in Job {job}')
        before = row.column
        for name, number in changes.items():
            setattr(row, name, getattr(row, name) + number)
        if row.column != before:
            self.add(job, before, -1)
            self.add(job, row.column)

    def settle(
        self, job: int, indicator_id: int, account: int, result: Outcome, number: int = 1
    ) -> None:
        """Record the outcome of an object of the outbox."""
        if account == Account.INDICATOR:
            self.add(job, 'open', -number)
            self.add(job, result, number)
        elif account == Account.ROW:
            changes = {'waiting': -number}
            if result is not Outcome.DUPLICATE:
                changes[str(result)] = number
            self.change(job, indicator_id, **changes)

    def store(self) -> None:
        """Store everything."""
        self._transaction.executemany(
            _SQL['store_outcome_row'],
            [(*key, *row.values()) for key, row in self._rows.items() if row is not None],
        )
        for job, changes in self._changes.items():
            names = [name for name, number in changes.items() if number]
            if names:
                sums = ', '.join(f'{name} = {name} + ?' for name in names)
                self._transaction.execute(
                    f'UPDATE progress SET {sums} WHERE job = ?',  # noqa: S608 - own columns
                    (*(changes[name] for name in names), job),
                )


class LiveChanges:
    """Changes to the number of live objects, collected and stored once."""

    def __init__(self) -> None:
        self._changes: Counter[tuple[int, int, int, int]] = Counter()

    def add(self, query: int, owner: int, kind: int, hour: int, number: int) -> None:
        """Add (or, if negative, remove) objects that expire in an hour, counted since 1970."""
        self._changes[query, owner, kind, hour] += number

    def store(self, transaction: sqlite3.Connection) -> None:
        """Store everything."""
        changed = [(*key, number) for key, number in self._changes.items() if number]
        transaction.executemany(_SQL['count_live'], changed)
        transaction.executemany(
            _SQL['forget_empty'], [change[:4] for change in changed if change[4] < 0]
        )


def hour_of(milliseconds: int) -> int:
    """Return the hours since 1970; what expires within an hour counts as live until its end."""
    return milliseconds // _HOUR_MS


def end_of_hour(hour: int) -> int:
    """Return the end of an hour, counted since 1970, in milliseconds since 1970."""
    return (hour + 1) * _HOUR_MS
