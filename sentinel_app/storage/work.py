"""The objects that the running update has chosen, and the outcome of each Indicator."""

from __future__ import annotations

import datetime as dt
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sentinel_app.core.batching import fitting
from sentinel_app.core.status import Outcome
from sentinel_app.core.timestamp import to_millis
from sentinel_app.core.work import (
    Batch,
    ChosenObject,
    Claim,
    Conversion,
    ObjectState,
    Refusal,
    Settlement,
)
from sentinel_app.errors import SentinelAppError
from sentinel_app.storage.cell import body_of, kind_of, stamp_of, time_of
from sentinel_app.storage.error_log import insert_errors
from sentinel_app.storage.progress import failure_text
from sentinel_app.storage.sqlite import Database

AGAIN = 'again|'
"""Before the id of an object, in place of a key: a withdrawal repeated for its own sake."""

_IN_LIST = 500
"""Keys in one statement, well below SQLite's limit of bound values."""

SETTLE_TREATMENT = """
    UPDATE treatment SET outcome = (
        SELECT CASE
            WHEN count(*) = 0 THEN 'duplicate'
            WHEN sum(state IN ('waiting', 'in-flight')) > 0 THEN NULL
            WHEN sum(state = 'refused') > 0 THEN 'refused'
            WHEN sum(state = 'failed') > 0 THEN 'failed'
            WHEN sum(state = 'accepted' AND NOT is_revocation) > 0 THEN 'sent'
            WHEN sum(state = 'accepted') > 0 THEN 'withdrawn'
            ELSE 'unchanged'
        END
        FROM object
        WHERE object.request_id = treatment.request_id
            AND object.indicator_id = treatment.indicator_id
    )
    WHERE request_id = ? AND indicator_id = ?
"""

_READY_JOBS = """
    SELECT request_id, is_sorted, is_descending,
        reading IN ('complete', 'failed') AND NOT EXISTS (
            SELECT 1 FROM page WHERE page.request_id = progress.request_id
        ) AS is_converted
    FROM progress
    WHERE update_id = ? AND NOT is_stopped AND EXISTS (
        SELECT 1 FROM object
        WHERE object.request_id = progress.request_id AND state = 'waiting' AND waits_for IS NULL
    )
    ORDER BY position
"""

_OBJECT_COLUMNS = (
    'object_key, object_id, generation, version, request_id, position, indicator_id,'
    ' indicator_type, summary, owner_name, web_link, source_modified_at, created, modified,'
    ' valid_until, content_hash, state, sort_value, body, is_revocation'
)


class SqliteWork:
    """The running update's objects in SQLite; implements the port `WorkStore`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def recover(self) -> int:
        """Make what was in flight when the process ended wait again; give its objects' number."""
        with self._db.write() as transaction:
            recovered = transaction.execute(
                "UPDATE object SET state = 'waiting', is_doubtful = 1 WHERE state = 'in-flight'"
            ).rowcount
            transaction.execute('UPDATE object SET waits_for = NULL WHERE waits_for IS NOT NULL')
            stopped = transaction.execute(
                'SELECT request_id FROM progress WHERE is_stopped'
            ).fetchall()
            for row in stopped:
                _fail_waiting(transaction, row['request_id'])
        return int(recovered)

    def refusals(self, keys: Sequence[str]) -> Mapping[str, Refusal]:
        """Give what Sentinel refused before, by object key."""
        with self._db.read() as connection:
            return {
                row['object_key']: Refusal(
                    indicator_id=row['indicator_id'],
                    content_hash=row['content_hash'],
                    attempts=row['attempts'],
                )
                for row in select_by_key(
                    connection,
                    'SELECT object_key, indicator_id, content_hash, attempts FROM refusal',
                    keys,
                )
            }

    def refused_ids(self, query_id: str, *, most_attempts: int) -> tuple[int, ...]:
        """Give the Indicators of a query with objects refused no more than so often."""
        with self._db.read() as connection:
            return tuple(
                row['indicator_id']
                for row in connection.execute(
                    'SELECT DISTINCT indicator_id FROM refusal'
                    ' WHERE query_id = ? AND attempts <= ? ORDER BY indicator_id',
                    (query_id, most_attempts),
                )
            )

    def treated(self, request_id: str, indicator_ids: Sequence[int]) -> frozenset[int]:
        """Give which of these Indicators the Job has taken up already."""
        with self._db.read() as connection:
            return frozenset(
                row['indicator_id']
                for row in select_in(
                    connection,
                    'SELECT indicator_id FROM treatment WHERE request_id = ? AND indicator_id',
                    indicator_ids,
                    (request_id,),
                )
            )

    def claims(self, keys: Sequence[str]) -> Mapping[str, Claim]:
        """Give what the running update has already chosen, by object key."""
        with self._db.read() as connection:
            return {
                row['object_key']: Claim(
                    request_id=row['request_id'],
                    position=row['position'],
                    indicator_id=row['indicator_id'],
                    version=row['version'],
                    source_modified_at=time_of(row['source_modified_at']),
                    created=stamp_of(row['created']),
                    modified=stamp_of(row['modified']),
                    state=kind_of(ObjectState, row['state']),
                )
                for row in select_by_key(
                    connection,
                    'SELECT object_key, request_id, position, indicator_id, version,'
                    ' source_modified_at, created, modified, state FROM object',
                    keys,
                )
            }

    def store_conversion(self, conversion: Conversion, *, at: dt.datetime) -> None:
        """Store outcomes, objects and errors of a page, and remove the page, together."""
        request_id = conversion.page.request_id
        with self._db.write() as transaction:
            transaction.executemany(
                'INSERT OR IGNORE INTO treatment (request_id, indicator_id, outcome)'
                ' VALUES (?, ?, ?)',
                [
                    (request_id, indicator_id, outcome)
                    for indicator_id, outcome in conversion.outcomes.items()
                ],
            )
            insert_objects(transaction, conversion.objects)
            transaction.executemany(SETTLE_TREATMENT, conversion.displaced)
            release_lost(transaction, conversion.lost, late_for=conversion.late_for)
            _take_over(transaction, conversion)
            # What stays as it is in Sentinel has a copy after all.
            transaction.executemany(
                'DELETE FROM released WHERE object_key = ?',
                [
                    (chosen.object_key,)
                    for chosen in conversion.objects
                    if chosen.state is ObjectState.UNCHANGED
                ],
            )
            insert_errors(transaction, conversion.errors)
            transaction.execute(
                'UPDATE progress SET convert_started_at = coalesce(convert_started_at, ?),'
                ' objects = objects + ?, shortened = shortened + ? WHERE request_id = ?',
                (to_millis(at), len(conversion.objects), conversion.shortened, request_id),
            )
            transaction.execute(
                'DELETE FROM page WHERE request_id = ? AND seq = ?',
                (request_id, conversion.page.seq),
            )
            # A Job that was stopped while the page was being converted sends nothing more.
            fail_where_stopped(transaction, [request_id])

    def waiting_objects(self) -> int:
        """Give the number of objects that wait to be sent and may be sent already."""
        with self._db.read() as connection:
            return int(
                connection.execute(
                    'SELECT count(*) FROM object JOIN progress USING (request_id)'
                    " WHERE state = 'waiting' AND NOT is_sorted"
                ).fetchone()[0]
            )

    def claim_batch(self, update_id: str, *, size: int, at: dt.datetime) -> Batch | None:
        """Take the next objects to send and mark them in flight; None when there are none now.

        Objects go in the order of precedence of their queries, and within a query in its own order.
        A batch is not full only where nothing more of its first Job can come.
        """
        with self._db.write() as transaction:
            rows: list[sqlite3.Row] = []
            may_be_short = False
            for job in transaction.execute(_READY_JOBS, (update_id,)).fetchall():
                if job['is_sorted'] and not job['is_converted']:
                    continue
                if not rows:
                    may_be_short = bool(job['is_converted'])
                rows += _waiting(transaction, job, size - len(rows))
                if len(rows) >= size:
                    break
            if not rows or (len(rows) < size and not may_be_short):
                return None
            chosen = [_chosen(row) for row in rows]
            count = fitting([len((item.body or '').encode()) for item in chosen], max_objects=size)
            batch = Batch(objects=tuple(chosen[:count]))
            transaction.executemany(
                "UPDATE object SET state = 'in-flight' WHERE object_key = ?",
                [(item.object_key,) for item in batch.objects],
            )
            transaction.executemany(
                'UPDATE progress SET upload_started_at = coalesce(upload_started_at, ?)'
                ' WHERE request_id = ?',
                [(to_millis(at), request_id) for request_id in batch.request_ids],
            )
        return batch

    def release(self, batch: Batch, *, is_doubtful: bool = False) -> None:
        """Make what is not settled of a batch wait again."""
        with self._db.write() as transaction:
            transaction.executemany(
                "UPDATE object SET state = 'waiting', is_doubtful = is_doubtful OR ?"
                " WHERE object_key = ? AND version = ? AND state = 'in-flight'",
                [(is_doubtful, item.object_key, item.version) for item in batch.objects],
            )
            _let_better_go(transaction, batch.objects)
            fail_where_stopped(transaction, batch.request_ids)

    def settle(self, settlement: Settlement, *, at: dt.datetime) -> None:
        """Store an answer: ledger, refusals, errors and outcomes, together."""
        objects = settlement.batch.objects
        accepted = [item for index, item in enumerate(objects) if index not in settlement.refusals]
        with self._db.write() as transaction:
            bodies = _bodies(transaction, accepted)
            # The version keeps the answer to an older copy from settling a better one.
            transaction.executemany(
                'UPDATE object SET state = ?, body = NULL'
                " WHERE object_key = ? AND version = ? AND state = 'in-flight'",
                [
                    (
                        ObjectState.REFUSED
                        if index in settlement.refusals
                        else ObjectState.ACCEPTED,
                        item.object_key,
                        item.version,
                    )
                    for index, item in enumerate(objects)
                ],
            )
            _let_better_go(transaction, objects)
            _enter_in_ledger(transaction, accepted, bodies)
            _note_refusals(transaction, [objects[index] for index in settlement.refusals])
            insert_errors(transaction, settlement.errors)
            transaction.executemany(
                SETTLE_TREATMENT, {(item.request_id, item.indicator_id): None for item in objects}
            )
            transaction.executemany(
                'UPDATE progress SET upload_answered_at = ? WHERE request_id = ?',
                [(to_millis(at), request_id) for request_id in settlement.batch.request_ids],
            )

    def note_request(
        self, batch: Batch, *, throttled_s: float | None = None, is_answered: bool = True
    ) -> None:
        """Count a request for the batch's Jobs, and a 429 with the wait it asked for."""
        with self._db.write() as transaction:
            if not is_answered:
                transaction.executemany(
                    'UPDATE object SET is_doubtful = 1 WHERE object_key = ?',
                    [(item.object_key,) for item in batch.objects],
                )
            transaction.executemany(
                'UPDATE progress SET requests = requests + 1, throttled = throttled + ?,'
                ' throttled_s = throttled_s + ? WHERE request_id = ?',
                [
                    (throttled_s is not None, throttled_s or 0.0, request_id)
                    for request_id in batch.request_ids
                ],
            )

    def stop_jobs(self, request_ids: Sequence[str], error: SentinelAppError) -> tuple[str, ...]:
        """Send nothing more for these Jobs; what is open ends as failed, for the reason given."""
        with self._db.write() as transaction:
            new = tuple(item for item in request_ids if not _is_stopped(transaction, item))
            for request_id in request_ids:
                transaction.execute(
                    'UPDATE progress SET is_stopped = 1,'
                    ' failure_code = coalesce(failure_code, ?),'
                    ' failure_reason = coalesce(failure_reason, ?),'
                    " reading = CASE WHEN reading = 'complete' THEN reading ELSE 'failed' END"
                    ' WHERE request_id = ?',
                    (error.code, failure_text(error), request_id),
                )
                _fail_waiting(transaction, request_id)
        return new


def select_by_key(
    connection: sqlite3.Connection, statement: str, keys: Sequence[str]
) -> Iterator[sqlite3.Row]:
    """Give the rows whose `object_key` is one of `keys`."""
    return select_in(connection, f'{statement} WHERE object_key', keys)


def select_in(
    connection: sqlite3.Connection,
    statement: str,
    items: Sequence[object],
    values: tuple[object, ...] = (),
) -> Iterator[sqlite3.Row]:
    """Give the rows of `statement IN (items)`, in portions that SQLite can bind."""
    for start in range(0, len(items), _IN_LIST):
        portion = items[start : start + _IN_LIST]
        marks = ', '.join('?' * len(portion))
        yield from connection.execute(f'{statement} IN ({marks})', (*values, *portion))


def insert_objects(transaction: sqlite3.Connection, objects: Sequence[ChosenObject]) -> None:
    """Store objects of the running update inside a transaction of the caller's.

    One that takes the place of a version that is under way waits for the answer to that one: two
    requests may arrive in either order.
    """
    marks = ', '.join('?' * len(_OBJECT_COLUMNS.split(',')))
    transaction.executemany(
        f'INSERT OR REPLACE INTO object ({_OBJECT_COLUMNS}, waits_for, is_doubtful)'  # noqa: S608
        f" VALUES ({marks}, (SELECT CASE state WHEN 'in-flight' THEN version ELSE waits_for END"
        ' FROM object AS known WHERE known.object_key = ?),'
        ' coalesce((SELECT is_doubtful FROM object AS known WHERE known.object_key = ?), 0))',
        [(*_object_row(chosen), chosen.object_key, chosen.object_key) for chosen in objects],
    )


def release_lost(
    transaction: sqlite3.Connection, lost: Mapping[str, int], *, late_for: str | None
) -> None:
    """Note live objects that their Indicators have lost, inside a transaction of the caller's.

    Args:
        transaction: the caller's.
        lost: the Indicators' ids by object key; what another one holds by now is left alone.
        late_for: the update that can no longer ask every query for these values.
    """
    transaction.executemany(
        'INSERT OR IGNORE INTO released (object_key, late_for) SELECT object_key, ? FROM ledger'
        " WHERE object_key = ? AND indicator_id = ? AND state = 'live'",
        [(late_for, key, indicator_id) for key, indicator_id in lost.items()],
    )


def _take_over(transaction: sqlite3.Connection, conversion: Conversion) -> None:
    """Enter in the ledger whose copy an object is now that stays in Sentinel as it is."""
    keys = set(conversion.taken_over)
    transaction.executemany(
        'UPDATE ledger SET query_id = ?, indicator_id = ?, summary = ?, owner_name = ?'
        ' WHERE object_key = ?',
        [
            (item.query_id, item.indicator_id, item.summary, item.owner_name, item.object_key)
            for item in conversion.objects
            if item.object_key in keys
        ],
    )


def compressed(body: str) -> bytes:
    """Give an object's JSON text as the databases hold it."""
    return zlib.compress(body.encode(), 1)


def _waiting(transaction: sqlite3.Connection, job: sqlite3.Row, limit: int) -> list[sqlite3.Row]:
    direction = 'DESC' if job['is_descending'] else 'ASC'
    select = (
        f'SELECT {_OBJECT_COLUMNS}, progress.query_id'  # noqa: S608 - fixed names
        ' FROM object JOIN progress USING (request_id)'
        " WHERE object.request_id = ? AND state = 'waiting' AND waits_for IS NULL"
    ).replace(' position,', ' object.position,')
    # Two statements, so that each is a plain walk along the index; what has no value comes last.
    rows = transaction.execute(
        f'{select} AND sort_value IS NOT NULL'
        f' ORDER BY sort_value {direction}, indicator_id {direction} LIMIT ?',
        (job['request_id'], limit),
    ).fetchall()
    if len(rows) < limit:
        rows += transaction.execute(
            f'{select} AND sort_value IS NULL ORDER BY indicator_id LIMIT ?',
            (job['request_id'], limit - len(rows)),
        ).fetchall()
    return rows


def _let_better_go(transaction: sqlite3.Connection, objects: Iterable[ChosenObject]) -> None:
    transaction.executemany(
        'UPDATE object SET waits_for = NULL WHERE object_key = ? AND waits_for = ?',
        [(item.object_key, item.version) for item in objects],
    )


def fail_where_stopped(transaction: sqlite3.Connection, request_ids: Iterable[str]) -> None:
    """End as failed what waits to be sent for Jobs that were stopped meanwhile."""
    for request_id in request_ids:
        if _is_stopped(transaction, request_id):
            _fail_waiting(transaction, request_id)


def _is_stopped(transaction: sqlite3.Connection, request_id: str) -> bool:
    row = transaction.execute(
        'SELECT is_stopped FROM progress WHERE request_id = ?', (request_id,)
    ).fetchone()
    return bool(row and row['is_stopped'])


def _fail_waiting(transaction: sqlite3.Connection, request_id: str) -> None:
    _keep_doubtful(transaction, request_id)
    transaction.execute(
        "UPDATE object SET state = 'failed', body = NULL"
        " WHERE request_id = ? AND state = 'waiting'",
        (request_id,),
    )
    # One of several objects may have been refused before.
    transaction.execute(
        'UPDATE treatment SET outcome = CASE WHEN EXISTS (SELECT 1 FROM object'
        ' WHERE object.request_id = treatment.request_id'
        " AND object.indicator_id = treatment.indicator_id AND state = 'refused')"
        ' THEN ? ELSE ? END WHERE request_id = ? AND outcome IS NULL'
        ' AND NOT EXISTS (SELECT 1 FROM object WHERE object.request_id = treatment.request_id'
        " AND object.indicator_id = treatment.indicator_id AND state = 'in-flight')",
        (Outcome.REFUSED, Outcome.FAILED, request_id),
    )


def _keep_doubtful(transaction: sqlite3.Connection, request_id: str) -> None:
    """Enter in the ledger what Sentinel may have although no answer came.

    Without a content hash it is sent again as soon as it is read, under the same id and with the
    same time of creation; and it is withdrawn if it is gone by then.
    """
    # An id whose withdrawal had no answer may be revoked for good, or live still: it is not used
    # again, and the withdrawal is repeated until it is confirmed.
    transaction.execute(
        """
        INSERT INTO unconfirmed (object_id, generation, query_id, indicator_id, indicator_type,
            summary, owner_name, created, modified, content_hash, body)
        SELECT object_id, generation, query_id, indicator_id, indicator_type, summary, owner_name,
            created, modified, content_hash, body
        FROM object JOIN progress USING (request_id)
        WHERE request_id = ? AND object.state = 'waiting' AND is_doubtful AND is_revocation
        ON CONFLICT (object_id) DO UPDATE SET modified = excluded.modified, body = excluded.body
        """,
        (request_id,),
    )
    transaction.execute(
        """
        INSERT INTO ledger (object_key, object_id, generation, state, query_id, request_id,
            indicator_id, indicator_type, summary, owner_name, created, modified, valid_until,
            content_hash, body)
        SELECT object_key, object_id, generation, iif(is_revocation, 'withdrawn', 'live'), query_id,
            request_id, indicator_id, indicator_type, summary, owner_name, created, modified,
            valid_until, '', body
        FROM object JOIN progress USING (request_id)
        WHERE request_id = ? AND object.state = 'waiting' AND is_doubtful
            AND object_key NOT LIKE 'again|%'
        ON CONFLICT (object_key) DO UPDATE SET
            object_id = excluded.object_id, generation = excluded.generation,
            state = excluded.state, query_id = excluded.query_id,
            request_id = excluded.request_id, indicator_id = excluded.indicator_id,
            indicator_type = excluded.indicator_type, summary = excluded.summary,
            owner_name = excluded.owner_name, created = excluded.created,
            modified = excluded.modified,
            valid_until = max(valid_until, excluded.valid_until),
            content_hash = excluded.content_hash, body = excluded.body
        """,
        (request_id,),
    )


def _object_row(chosen: ChosenObject) -> tuple[object, ...]:
    return (
        chosen.object_key,
        chosen.object_id,
        chosen.generation,
        chosen.version,
        chosen.request_id,
        chosen.position,
        chosen.indicator_id,
        chosen.indicator_type,
        chosen.summary,
        chosen.owner_name,
        chosen.web_link,
        to_millis(chosen.source_modified_at),
        chosen.created,
        chosen.modified,
        chosen.valid_until,
        chosen.content_hash,
        chosen.state,
        chosen.sort_value,
        None if chosen.body is None else compressed(chosen.body),
        chosen.is_revocation,
    )


def _chosen(row: sqlite3.Row) -> ChosenObject:
    return ChosenObject(
        object_key=row['object_key'],
        object_id=row['object_id'],
        generation=row['generation'],
        version=row['version'],
        request_id=row['request_id'],
        position=row['position'],
        query_id=row['query_id'],
        indicator_id=row['indicator_id'],
        indicator_type=row['indicator_type'],
        summary=row['summary'],
        owner_name=row['owner_name'],
        web_link=row['web_link'],
        source_modified_at=time_of(row['source_modified_at']),
        created=row['created'],
        modified=row['modified'],
        valid_until=row['valid_until'],
        content_hash=row['content_hash'],
        state=kind_of(ObjectState, row['state']),
        sort_value=row['sort_value'],
        body=body_of(row['body']),
        is_revocation=bool(row['is_revocation']),
    )


def _note_refusals(transaction: sqlite3.Connection, refused: Iterable[ChosenObject]) -> None:
    for item in refused:
        if item.is_revocation:
            transaction.execute(
                'UPDATE released SET attempts = attempts + 1 WHERE object_key = ?',
                (item.object_key,),
            )
            transaction.execute(
                'UPDATE unconfirmed SET attempts = attempts + 1 WHERE object_id = ?',
                (item.object_id,),
            )
        else:
            transaction.execute(
                'INSERT INTO refusal (object_key, query_id, indicator_id, content_hash, attempts)'
                ' VALUES (?, ?, ?, ?, 1) ON CONFLICT (object_key) DO UPDATE SET'
                ' attempts = CASE WHEN content_hash = excluded.content_hash'
                ' THEN attempts + 1 ELSE 1 END, content_hash = excluded.content_hash,'
                ' query_id = excluded.query_id, indicator_id = excluded.indicator_id',
                (item.object_key, item.query_id, item.indicator_id, item.content_hash),
            )


def _bodies(
    transaction: sqlite3.Connection, objects: Sequence[ChosenObject]
) -> Mapping[tuple[str, int], bytes]:
    """Give what is stored of these versions as it is, so that nothing is compressed twice."""
    return {
        (row['object_key'], row['version']): row['body']
        for row in select_by_key(
            transaction,
            'SELECT object_key, version, body FROM object',
            [item.object_key for item in objects],
        )
        if row['body'] is not None
    }


def _enter_in_ledger(
    transaction: sqlite3.Connection,
    accepted: Sequence[ChosenObject],
    bodies: Mapping[tuple[str, int], bytes],
) -> None:
    transaction.executemany(
        'DELETE FROM unconfirmed WHERE object_id = ?',
        [(item.object_id,) for item in accepted if item.is_revocation],
    )
    accepted = [item for item in accepted if not item.object_key.startswith(AGAIN)]
    transaction.executemany(
        'INSERT OR REPLACE INTO ledger (object_key, object_id, generation, state, query_id,'
        ' request_id, indicator_id, indicator_type, summary, owner_name, created, modified,'
        ' valid_until, content_hash, body)'
        ' VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        [
            (
                item.object_key,
                item.object_id,
                item.generation,
                'withdrawn' if item.is_revocation else 'live',
                item.query_id,
                item.request_id,
                item.indicator_id,
                item.indicator_type,
                item.summary,
                item.owner_name,
                item.created,
                item.modified,
                item.valid_until,
                item.content_hash,
                bodies.get((item.object_key, item.version)) or compressed(item.body or ''),
            )
            for item in accepted
        ],
    )
    keys = [(item.object_key,) for item in accepted]
    transaction.executemany('DELETE FROM refusal WHERE object_key = ?', keys)
    transaction.executemany('DELETE FROM released WHERE object_key = ?', keys)
