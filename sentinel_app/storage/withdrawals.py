"""Current objects of a withdrawal that was held back."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Collection
from typing import Final

from sentinel_app.core.job import Job, JobStatus
from sentinel_app.core.ledger_row import millis, moment
from sentinel_app.core.revocation import Unwanted
from sentinel_app.core.withdrawable import WithdrawableObject
from sentinel_app.storage.cell import key_of_row, read_cell
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements
from sentinel_app.storage.update_store import UpdateStore

_SQL: Final = statements('withdrawal')


class WithdrawalReader:
    """Reads the objects of a withdrawal. Errors are as in `UpdateStore`."""

    def __init__(self, db: Database, store: UpdateStore) -> None:
        self._db = db
        self._store = store

    def page(
        self,
        jobs: Collection[Job],
        unwanted: Unwanted,
        *,
        now: dt.datetime,
        most_attempts: int,
        limit: int,
        offset: int,
    ) -> tuple[tuple[WithdrawableObject, ...], int]:
        """Return a page of the objects not chosen since an update, and their total number.

        Args:
            jobs: the Jobs of the update that held the withdrawal back.
            unwanted: the selection among the unchosen objects.
            now: the current time; expired objects are omitted.
            most_attempts: maximum earlier refusals of their withdrawal.
            limit: maximum number of objects.
            offset: number of objects to skip.
        """
        values = {
            'first_mark': self._first_mark(jobs, unwanted),
            'now': millis(now),
            'most_attempts': most_attempts,
            'update_id': next((job.update_id for job in jobs), ''),
            'are_orphans_meant': unwanted.are_orphans_meant,
            'are_all_meant': unwanted.are_all_meant,
            'kept': self._numbers(unwanted.kept),
            'withdrawn': self._numbers(unwanted.withdrawn),
        }
        with self._db.read() as connection:
            total = int(connection.execute(_SQL['count'], values).fetchone()[0])
            rows = connection.execute(_SQL['page'], {**values, 'limit': limit, 'offset': offset})
            found = tuple(
                WithdrawableObject(
                    key=key_of_row(row),
                    summary=row['summary'],
                    owner_name=row['owner'],
                    indicator_id=row['indicator_id'],
                    query_id=row['query_id'],
                    valid_until=read_cell(moment, row['valid_until']),
                )
                for row in rows
            )
        return found, total

    def _numbers(self, query_ids: Collection[str]) -> str:
        numbers = (self._store.queries.known(query_id) for query_id in sorted(query_ids))
        return json.dumps([number for number in numbers if number is not None])

    def _first_mark(self, jobs: Collection[Job], unwanted: Unwanted) -> int:
        """Return the mark below which nothing was chosen by the update, or by one after it.

        The number of a Job that sent nothing is removed in time. The last update that read all
        queries has a mark of its own; if only orphans count, every mark is below.
        """
        known = [
            number
            for job in jobs
            if job.status is not JobStatus.CANCELLED
            and (number := self._store.jobs.known(job.request_id)) is not None
        ]
        if known:
            return min(known)
        if not unwanted.are_all_meant:
            return sys.maxsize
        return max(self._store.marks.whole().values(), default=0)
