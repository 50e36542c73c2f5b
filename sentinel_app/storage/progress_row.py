"""Conversion of rows of the table `progress`."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping

from sentinel_app.core.job import Counts, Job, Mode, Outcome
from sentinel_app.core.ledger_row import moment
from sentinel_app.core.progress import Position, Progress, Reading
from sentinel_app.core.query import SortDirection
from sentinel_app.errors import SentinelAppError
from sentinel_app.storage.cell import kind_of, read_cell, time_of
from sentinel_app.storage.page_queue import PageQueue


def new_progress(
    job: Job, numbers: Mapping[str, int], queries: Mapping[str, int]
) -> tuple[object, ...]:
    """Return the values of a Job's new row, in the order of the statement `begin_job`."""
    query = job.query
    return (
        *(numbers[job.request_id], job.update_id, job.position, queries[query.id]),
        *(job.mode is Mode.DELTA, query.sort_field is not None),
        *(query.sort_direction is SortDirection.DESCENDING, job.scope),
    )


def progress_of(row: sqlite3.Row, pages: PageQueue) -> Progress:
    """Return the progress of a Job, from its row and the pages in memory.

    Args:
        row: a row of the statement `progress`.
        pages: the pages that wait for conversion.
    """
    waiting, rows = pages.waiting(row['request_id'])
    return Progress(
        job=row['job'],
        request_id=row['request_id'],
        update_id=row['update_id'],
        position=row['position'],
        query_id=row['query_id'],
        is_delta=bool(row['is_delta']),
        reading=kind_of(Reading, row['reading']),
        place=Position(
            number=row['pass'],
            is_by_time=bool(row['is_by_time']),
            last_id=row['last_id'],
            read_until=None if row['read_until'] is None else read_cell(moment, row['read_until']),
            page_size=row['page_size'],
        ),
        expected=row['expected'],
        download_started_at=_time(row['download_started_at']),
        download_completed_at=_time(row['download_completed_at']),
        convert_started_at=_time(row['convert_started_at']),
        upload_started_at=_time(row['upload_started_at']),
        upload_answered_at=_time(row['upload_answered_at']),
        failure_code=row['failure_code'],
        failure_reason=row['failure_reason'],
        is_stopped=bool(row['is_stopped']),
        pages_waiting=waiting,
        rows_waiting=rows,
        open=row['open'],
        is_downloaded=pages.is_ended(row['request_id']),
        waiting=row['waiting'],
        is_sorted=bool(row['is_sorted']),
        is_closed=bool(row['is_closed']),
        warning=row['warning'],
        held_back=row['held_back'],
    )


def counts_of(row: sqlite3.Row, rows_waiting: int) -> Counts:
    """Return the counts of a row.

    Args:
        row: a row of the table `progress`.
        rows_waiting: number of Indicators on pages that wait for conversion.
    """
    outcomes = {outcome: row[str(outcome)] for outcome in Outcome if row[str(outcome)]}
    converted = sum(outcomes.values()) + row['open']
    return Counts(
        converted=converted,
        read=converted + rows_waiting,
        outcomes=outcomes,
        objects=row['objects'],
        requests=row['requests'],
        throttled=row['throttled'],
        throttled_s=row['throttled_s'],
        limit_wait_s=row['limit_wait_s'],
        expected=row['expected'],
        held_back=row['held_back'],
        shortened=row['shortened'],
    )


def failure_text(error: SentinelAppError) -> str:
    """Return the failure as shown with the Job: what to do, then the other system's words."""
    return f'{error.message} ({error.reason})' if error.reason else error.message


def _time(text: str | None) -> dt.datetime | None:
    return None if text is None else time_of(text)
