"""Batches of context objects: claimed, settled and released, each in one transaction."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sentinel_app.core.context_key import ContextKind
from sentinel_app.core.context_outbox import OutgoingObject, RefusedObject
from sentinel_app.core.ledger_row import REFUSED_ATTEMPTS, ObjectState, millis
from sentinel_app.core.upload_limits import fitting
from sentinel_app.storage import context_queue, outbox
from sentinel_app.storage.cell import read_cell
from sentinel_app.storage.packing import unpack
from sentinel_app.storage.selection import run_in, select_in
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements

_SQL: Final = statements('context_batches')


class ContextBatches:
    """The outbox of context objects. Transactions and errors are as in `UpdateStore`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def is_ready(self, count: int = 1) -> bool:
        """Return whether there are so many objects to claim."""
        with self._db.read() as connection:
            return bool(connection.execute(_SQL['count_ready'], (count,)).fetchone()[0] == count)

    def is_idle(self) -> bool:
        """Return whether nothing is in flight or can be claimed."""
        with self._db.read() as connection:
            is_in_flight = connection.execute(_SQL['is_in_flight']).fetchone()[0]
        return not (is_in_flight or self.is_ready())

    def count(self) -> int:
        """Return the number of versions on their way; it is kept small."""
        with self._db.read() as connection:
            return int(connection.execute(_SQL['count']).fetchone()[0])

    def claim(self, *, size: int, now: Callable[[], dt.datetime]) -> tuple[OutgoingObject, ...]:
        """Claim the next objects to send, and store that their request begins.

        Args:
            size: maximum number of objects.
            now: returns the time; called once the transaction holds the write lock.
        """
        with self._db.write() as transaction:
            rows = transaction.execute(_SQL['waiting'], (size,)).fetchall()
            rows = rows[: fitting([row['size'] for row in rows], max_objects=size)]
            if rows:
                run_in(transaction, _SQL['claim'], [row['object'] for row in rows])
                outbox.add_request(transaction, now())
            return tuple(map(_outgoing, rows))

    def settle(
        self,
        batch: Sequence[OutgoingObject],
        refusals: Mapping[int, RefusedObject],
        *,
        at: dt.datetime,
        is_unclear: bool = False,
    ) -> None:
        """Store a response: the ledger, refusals by position in the batch, and accounts.

        Args:
            batch: the claimed batch.
            refusals: what was refused; everything else was accepted.
            at: the current time.
            is_unclear: whether Sentinel may have what was refused.
        """
        refused = {batch[place].object: refusal for place, refusal in refusals.items()}
        objects = [item.object for item in batch]
        with self._db.write() as transaction:
            settlement = _Settlement(transaction, at)
            for row in list(select_in(transaction, _SQL['in_flight'], objects)):
                refusal = refused.get(row['object'])
                if refusal is None:
                    settlement.hold(row)
                else:
                    is_there = is_unclear or bool(row['is_unacknowledged'])
                    settlement.refuse(row, refusal, may_be_there=is_there)
            run_in(transaction, _SQL['remove'], objects)
            settlement.store()

    def release(self, batch: Sequence[OutgoingObject], *, is_unacknowledged: bool) -> None:
        """Release a batch to be sent again.

        Args:
            batch: the claimed batch.
            is_unacknowledged: whether Sentinel may have it.
        """
        with self._db.write() as transaction:
            objects = [item.object for item in batch]
            run_in(transaction, _SQL['release'], objects, (is_unacknowledged,))

    def recover(self) -> int:
        """Release what was in flight when the process ended; return the number of objects."""
        with self._db.write() as transaction:
            return transaction.execute(_SQL['release_all']).rowcount


class _Settlement:
    """One response, stored in the caller's transaction."""

    def __init__(self, transaction: sqlite3.Connection, at: dt.datetime) -> None:
        self._transaction = transaction
        self._at = millis(at)
        self._live: Counter[int] = Counter()
        self._accounts: defaultdict[int, Counter[str]] = defaultdict(Counter)

    def hold(self, row: sqlite3.Row) -> None:
        """Record a version that Sentinel accepted."""
        is_withdrawal = bool(row['is_revocation'])
        state = ObjectState.WITHDRAWN if is_withdrawal else ObjectState.LIVE
        self._transaction.execute(
            _SQL['hold'],
            (
                *(state.value, row['created'], row['modified'], row['content_hash'], self._at),
                *(context_queue.kept_body(row), row['object']),
            ),
        )
        self._count(row, is_live=not is_withdrawal)
        self._account(row, 'withdrawn' if is_withdrawal else 'sent')
        if row['kind'] == ContextKind.ACTOR and row['attempts'] and not is_withdrawal:
            values = (row['account'], row['object'])
            self._transaction.execute(_SQL['relations_of_accepted_due'], values)

    def refuse(self, row: sqlite3.Row, refusal: RefusedObject, *, may_be_there: bool) -> None:
        """Record a refusal.

        Args:
            row: the version.
            refusal: what Sentinel said.
            may_be_there: whether Sentinel may have it, or a version that got no answer.
        """
        reason = ' '.join(refusal.reasons)
        self._transaction.execute(
            _SQL['refuse'], (row['content_hash'], self._at, refusal.code, reason, row['object'])
        )
        self._account(row, 'refused')
        if may_be_there and not row['is_revocation']:
            context_queue.hold_unacknowledged(self._transaction, row)
        elif row['kind'] == ContextKind.ACTOR and row['state'] == ObjectState.NEW:
            self._forget_relations(row)

    def _forget_relations(self, row: sqlite3.Row) -> None:
        """Remove the relationships of an actor that Sentinel refuses for good."""
        if row['attempts'] < REFUSED_ATTEMPTS:
            return
        relations = self._transaction.execute(_SQL['relations'], (row['object'],)).fetchall()
        objects = [relation['id'] for relation in relations]
        context_queue.drop(self._transaction, objects, forgets_new=True)

    def store(self) -> None:
        """Store the counters."""
        self._transaction.executemany(
            _SQL['count_live'], [change for change in self._live.items() if change[1]]
        )
        names = ('waiting', 'sent', 'withdrawn', 'refused')
        self._transaction.executemany(
            _SQL['account'],
            [
                (*(changes[name] for name in names), account)
                for account, changes in self._accounts.items()
            ],
        )

    def _count(self, row: sqlite3.Row, *, is_live: bool) -> None:
        self._live[row['kind']] += is_live - (row['state'] == ObjectState.LIVE)

    def _account(self, row: sqlite3.Row, result: str) -> None:
        self._accounts[row['account']].update({'waiting': -1, result: 1})


def _outgoing(row: sqlite3.Row) -> OutgoingObject:
    return OutgoingObject(
        object=row['object'],
        kind=read_cell(ContextKind, row['kind']),
        is_withdrawal=bool(row['is_revocation']),
        text=unpack(row['body']),
    )
