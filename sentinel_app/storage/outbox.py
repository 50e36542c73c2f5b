"""Operations on the outbox inside a transaction: add, claim, settle, release and abandon."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sentinel_app.core.job import Outcome
from sentinel_app.core.ledger_row import ObjectState, millis
from sentinel_app.core.object_text import content_hash
from sentinel_app.core.outbox import OutboxObject
from sentinel_app.core.upload_limits import fitting
from sentinel_app.storage.accounts import Account, Accounts, LiveChanges, hour_of
from sentinel_app.storage.error_state import close_accepted
from sentinel_app.storage.refusals import refuse
from sentinel_app.storage.selection import run_in, select_in
from sentinel_app.storage.statements import statements

_SQL: Final = statements('outbox')
_PLACES: Final = 32
"""Bits of an outbox id that number the rows of one Job."""

Rows = list[sqlite3.Row]


def outbox_id(job: int, place: int) -> int:
    """Return the id of a row: the rows of one Job are contiguous, in order of creation."""
    return (job << _PLACES) + place


def id_range(job: int) -> tuple[int, int]:
    """Return the first and the last possible id of a Job's rows."""
    return outbox_id(job, 0), outbox_id(job + 1, 0) - 1


IN_FLIGHT_JOBS: Final = _SQL['in_flight_jobs']


def add(transaction: sqlite3.Connection, rows: Iterable[tuple[object, ...]]) -> None:
    """Add rows, with the columns in the order of the statement `add`."""
    transaction.executemany(_SQL['add'], rows)


def remove(transaction: sqlite3.Connection, item: int | None, outbox_id: int) -> None:
    """Remove a row that another one replaces."""
    transaction.execute(_SQL['detach'], (item, outbox_id))
    transaction.execute(_SQL['remove'], (outbox_id,))


def remove_for_nothing(transaction: sqlite3.Connection, outbox_id: int) -> None:
    """Remove a row without a replacement.

    What Sentinel may have of it is recorded, and the row that it waited for is the latest again.
    """
    row, live = next(select_in(transaction, _SQL['rows'], [outbox_id])), LiveChanges()
    if row['is_unacknowledged']:
        _hold_unacknowledged(transaction, row, live)
        live.store(transaction)
    transaction.execute(_SQL['point_back'], (row['waits_for'], row['object']))
    transaction.execute(_SQL['remove'], (outbox_id,))


def are_in_flight(transaction: sqlite3.Connection, ids: Sequence[int]) -> bool:
    """Return whether any of these rows is in flight."""
    return bool(_in_flight(transaction, ids))


def in_flight_of(connection: sqlite3.Connection, job: int) -> list[int]:
    """Return the rows of a Job that are in flight."""
    rows = connection.execute(_SQL['in_flight_of'], id_range(job)).fetchall()
    return [row['id'] for row in rows]


def add_request(transaction: sqlite3.Connection, at: dt.datetime) -> None:
    """Store that an upload request begins."""
    transaction.execute(_SQL['add_request'], (at.timestamp(),))


def select_batch(
    transaction: sqlite3.Connection, jobs: Sequence[Mapping[str, int]], *, size: int
) -> Rows:
    """Return the next rows to send; none if the batch is not full and more may come.

    Objects are in order of precedence of their queries, and within a query in its sort order.

    Args:
        transaction: the caller's transaction.
        jobs: rows with `job`, `is_sorted`, `is_descending` and `is_converted`, the highest first.
        size: maximum objects in a batch.
    """
    rows: Rows = []
    may_be_short = False
    for job in jobs:
        if job['is_sorted'] and not job['is_converted']:
            continue
        if not rows:
            may_be_short = bool(job['is_converted'])
        rows += _waiting(transaction, job, size - len(rows))
        if len(rows) >= size:
            break
    if not rows or (len(rows) < size and not may_be_short):
        return []
    rows = rows[: fitting([row['size'] for row in rows], max_objects=size)]
    run_in(transaction, _SQL['claim'], [row['id'] for row in rows])
    return rows


def _waiting(transaction: sqlite3.Connection, job: Mapping[str, int], limit: int) -> Rows:
    rows: Rows = []
    if job['is_sorted']:
        name = 'waiting_descending' if job['is_descending'] else 'waiting_ascending'
        rows = transaction.execute(_SQL[name], (job['job'], limit)).fetchall()
    if len(rows) < limit:
        # Objects without a sort value come last.
        ids = id_range(job['job'])
        rows += transaction.execute(_SQL['waiting'], (*ids, limit - len(rows))).fetchall()
    return rows


def settle(
    transaction: sqlite3.Connection,
    accepted: Sequence[int],
    refused: Sequence[int],
    accounts: Accounts,
    *,
    at: dt.datetime,
) -> frozenset[int]:
    """Record a response: accepted objects in the ledger, and refusals.

    What is no longer in flight was abandoned: its account is closed.

    Returns:
        The settled rows.
    """
    held = _in_flight(transaction, accepted)
    close_accepted(transaction, [row['id'] for row in held], at)
    _hold(transaction, held, at)
    others, live = _in_flight(transaction, refused), LiveChanges()
    for row in select_in(transaction, _SQL['rows'], [row['id'] for row in others]):
        if row['is_unacknowledged']:
            # Set by an earlier request, whose version may not have been refused.
            _hold_unacknowledged(transaction, row, live)
        _refuse(transaction, row)
    live.store(transaction)
    for row in held:
        result = Outcome.WITHDRAWN if row['is_revocation'] else Outcome.SENT
        accounts.settle(row['job'], row['indicator_id'], row['account'], result)
    for row in others:
        accounts.settle(row['job'], row['indicator_id'], row['account'], Outcome.REFUSED)
    settled = [row['id'] for row in (*held, *others)]
    waited_for = {row[0] for row in transaction.execute(_SQL['waited_for'])}
    transaction.executemany(
        _SQL['let_better_go'], [(False, item) for item in settled if item in waited_for]
    )
    run_in(transaction, _SQL['remove_all'], settled)
    return frozenset(settled)


def _in_flight(transaction: sqlite3.Connection, ids: Sequence[int]) -> Rows:
    return list(select_in(transaction, _SQL['in_flight'], ids))


def acknowledge(
    transaction: sqlite3.Connection, late: Sequence[OutboxObject], at: dt.datetime
) -> None:
    """Record that Sentinel has accepted objects that were abandoned before the response."""
    transaction.executemany(
        _SQL['acknowledge'],
        [(content_hash(item.text), millis(at), item.object, item.modified) for item in late],
    )
    transaction.executemany(_SQL['confirm_late'], [(item.object, item.modified) for item in late])


def release(
    transaction: sqlite3.Connection,
    ids: Sequence[int],
    accounts: Accounts,
    *,
    is_unacknowledged: bool,
) -> int:
    """Release the rows among these that are in flight; return their number."""
    live, rows = LiveChanges(), list(select_in(transaction, _SQL['in_flight'], ids))
    for row in rows:
        _release(transaction, row, accounts, live, is_unacknowledged=is_unacknowledged)
    live.store(transaction)
    return len(rows)


def release_all(transaction: sqlite3.Connection, accounts: Accounts) -> int:
    """Release everything in flight, as no response will come; return the number of objects."""
    live = LiveChanges()
    rows = transaction.execute(_SQL['all_in_flight']).fetchall()
    for row in rows:
        _release(transaction, row, accounts, live, is_unacknowledged=True)
    live.store(transaction)
    return len(rows)


def _release(
    transaction: sqlite3.Connection,
    row: sqlite3.Row,
    accounts: Accounts,
    live: LiveChanges,
    *,
    is_unacknowledged: bool,
) -> None:
    if row['account'] != Account.NOBODY:
        transaction.execute(_SQL['wait_again'], (is_unacknowledged, row['id']))
        accounts.add(row['job'], 'waiting')
        return
    # A better version waits for it, unless the Job of that one was stopped.
    whole = next(select_in(transaction, _SQL['rows'], [row['id']]))
    may_be_there = is_unacknowledged or whole['is_unacknowledged']
    better = transaction.execute(_SQL['let_better_go'], (may_be_there, row['id'])).rowcount
    if not better and may_be_there:
        _hold_unacknowledged(transaction, whole, live)
    remove(transaction, whole['object'], row['id'])
    transaction.execute(_SQL['let_go'], (whole['object'],))


def mark_unacknowledged(transaction: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Record that Sentinel may have these, although there was no response."""
    transaction.executemany(_SQL['unacknowledge'], [(item,) for item in ids])


def fail_waiting(transaction: sqlite3.Connection, job: int, accounts: Accounts) -> None:
    """End as failed everything that waits to be sent for a Job."""
    live = LiveChanges()
    ids = id_range(job)
    for row in transaction.execute(_SQL['failing_with_care'], ids).fetchall():
        if row['is_unacknowledged']:
            _hold_unacknowledged(transaction, row, live)
        if row['account'] == Account.ROW:
            accounts.settle(job, row['indicator_id'], Account.ROW, Outcome.FAILED)
    live.store(transaction)
    plain = transaction.execute(_SQL['count_failing'], ids).fetchone()[0]
    accounts.settle(job, 0, Account.INDICATOR, Outcome.FAILED, plain)
    transaction.execute(_SQL['detach_failing'], ids)
    transaction.execute(_SQL['remove_failing'], ids)
    transaction.execute(_SQL['nothing_waits'], (job,))


def _hold(transaction: sqlite3.Connection, rows: Rows, at: dt.datetime) -> None:
    """Record accepted versions in the ledger."""
    transaction.executemany(
        _SQL['confirm'],
        [(row['object'], row['generation']) for row in rows if row['is_revocation']],
    )
    # A repeated withdrawal may have an id that the ledger no longer uses.
    ids = [row['id'] for row in rows if row['unconfirmed'] is None]
    live = LiveChanges()
    for name in ('live_before', 'live_after'):
        for row in select_in(transaction, _SQL[name], ids):
            live.add(*row)
    live.store(transaction)
    run_in(transaction, _SQL['hold_all'], ids, (millis(at),))
    for name in ('hold_all_content', 'adopt_all', 'forget_refusals'):
        run_in(transaction, _SQL[name], ids)


def _count(row: sqlite3.Row, valid_until: int, live: LiveChanges) -> None:
    if row['held_state'] == ObjectState.LIVE:
        hour = hour_of(row['held_until'])
        live.add(row['held_query'], row['held_owner'], row['kind'], hour, -1)
    if not row['is_revocation']:
        live.add(row['query'], row['owner'], row['kind'], hour_of(valid_until), 1)


def _ledger_values(
    row: sqlite3.Row, valid_until: int, content_hash: bytes, fingerprint: bytes
) -> tuple[object, ...]:
    state = ObjectState.WITHDRAWN if row['is_revocation'] else ObjectState.LIVE
    return (
        *(state.value, row['generation'], row['query'], row['job'], row['owner']),
        *(row['indicator_id'], row['siblings'], row['created'], row['modified'], valid_until),
        *(row['source_modified'], content_hash, fingerprint, row['confidence']),
        *(row['summary_digest'], row['id'], row['modified'], row['object']),
    )


def _content_values(row: sqlite3.Row) -> tuple[object, ...]:
    return row['object'], row['summary'], row['value'], row['body']


def _hold_unacknowledged(
    transaction: sqlite3.Connection, row: sqlite3.Row, live: LiveChanges
) -> None:
    """Record unacknowledged objects in the ledger.

    Without a content hash an object is sent again as soon as it is read, with the same id and
    creation time; and it is withdrawn if it is gone by then.
    """
    if row['is_revocation']:
        # An id with an unconfirmed withdrawal may be revoked for good, or still live: it is not
        # used again, and the withdrawal is repeated until it is confirmed.
        transaction.execute(
            _SQL['keep_unconfirmed'],
            (
                *(row['object'], row['generation'], row['query'], row['owner']),
                *(row['indicator_id'], row['created'], row['modified'], row['summary']),
                *(row['body'], row['job']),
            ),
        )
    if row['unconfirmed'] is not None:
        return
    valid_until = row['valid_until']
    if row['held_state'] == ObjectState.LIVE:
        valid_until = max(valid_until, row['held_until'])
    _count(row, valid_until, live)
    transaction.execute(_SQL['hold'], _ledger_values(row, valid_until, b'', b''))
    transaction.execute(_SQL['hold_content'], _content_values(row))
    # The loss of another copy no longer matters; if this one is gone, that will show as well.
    transaction.execute(_SQL['adopt'], (row['object'],))


def _refuse(transaction: sqlite3.Connection, row: sqlite3.Row) -> None:
    transaction.execute(_SQL['detach'], (row['object'], row['id']))
    if row['is_revocation']:
        if row['unconfirmed'] is None:
            transaction.execute(_SQL['refuse_withdrawal'], (row['object'],))
        transaction.execute(_SQL['refuse_confirmation'], (row['object'], row['generation']))
        return
    if row['account'] == Account.NOBODY:
        # A better copy was chosen in its place, and its fate counts.
        transaction.execute(_SQL['let_go'], (row['object'],))
        return
    refuse(transaction, row)
