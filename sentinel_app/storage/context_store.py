"""State of the Task Context: rounds, withdrawals, accounts of Jobs, and counts."""

from __future__ import annotations

import datetime as dt
import sqlite3
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sentinel_app.core.context_key import ContextKind
from sentinel_app.core.context_outbox import ContextAccount, ContextCounts
from sentinel_app.core.context_revocation import context_revocation
from sentinel_app.core.ledger_row import REFUSED_ATTEMPTS, millis, moment
from sentinel_app.core.object_text import content_hash
from sentinel_app.storage import context_queue
from sentinel_app.storage.cell import read_cell
from sentinel_app.storage.context_derivation import key_of
from sentinel_app.storage.packing import pack
from sentinel_app.storage.selection import run_in, select_in
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements

_SQL: Final = statements('context_store')
_ROWS_AT_ONCE: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRound:
    """What the Task Context is to do."""

    account: int
    """Account of the newest Job that may have changed something."""
    is_due: bool
    """Whether an update has ended since everything was gone through."""
    is_whole: bool
    """Whether everything has been read, so that what is not wanted may be withdrawn."""
    allowed: int | None
    """Number of withdrawals that a person has allowed at once."""


class ContextStore:
    """State of the context as a whole. Transactions and errors are as in `UpdateStore`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # -- rounds

    def round(self) -> ContextRound:
        """Return what is to do."""
        with self._db.read() as connection:
            row = connection.execute(_SQL['state']).fetchone()
        return ContextRound(
            account=row['account'],
            is_due=bool(row['is_due']),
            is_whole=bool(row['is_whole']),
            allowed=row['allowed'],
        )

    def begin_round(self) -> None:
        """Begin to go through everything that may have changed, refused versions included."""
        with self._db.write() as transaction:
            for name in ('refused_actors_due', 'refused_relations_due'):
                transaction.execute(_SQL[name], (REFUSED_ATTEMPTS,))
            transaction.execute(_SQL['begin_round'])

    def end_round(self, at: dt.datetime) -> bool:
        """Store that everything has been gone through and sent, unless another round is due."""
        with self._db.write() as transaction:
            return bool(transaction.execute(_SQL['end_round'], (millis(at),)).rowcount)

    def record_end(self, request_id: str, *, is_whole: bool, is_full: bool) -> None:
        """Record that an update ends, so that a round follows.

        Args:
            request_id: one of its Jobs.
            is_whole: whether it has read all of every query.
            is_full: whether it was a full one, after which refused versions are sent again.
        """
        with self._db.write() as transaction:
            if is_full:
                transaction.execute(_SQL['forgive_refused'])
            transaction.execute(_SQL['open_account'], (request_id,))
            transaction.execute(_SQL['update_ended'], (request_id, is_whole))

    def request_round(self) -> None:
        """Have everything that may have changed gone through."""
        with self._db.write() as transaction:
            transaction.execute(_SQL['request_round'])

    def send_refused(self) -> None:
        """Have refused versions sent again, however often Sentinel has refused them."""
        with self._db.write() as transaction:
            transaction.execute(_SQL['forgive_refused'])
            transaction.execute(_SQL['request_round'])

    def send_again(self, objects: Sequence[int], *, gone: Collection[int] = ()) -> None:
        """Have live objects sent again that Sentinel does not hold as they were sent.

        Args:
            objects: their rows.
            gone: those of them that a person has revoked or deleted there: they go out under
                another id, as a revoked one may be final.
        """
        with self._db.write() as transaction:
            for name in ('actors_to_send_again_due', 'relations_to_send_again_due', 'send_again'):
                run_in(transaction, _SQL[name], objects)
            found = select_in(transaction, _SQL['withdrawn_there'], list(gone))
            withdrawn = Counter(row['kind'] for row in found)
            transaction.executemany(
                _SQL['count_live'], [(-count, kind) for kind, count in withdrawn.items()]
            )
            transaction.execute(_SQL['request_round'])

    def is_anything_due(self) -> bool:
        """Return whether an actor or the relationships of a live object may have changed."""
        with self._db.read() as connection:
            return bool(connection.execute(_SQL['is_anything_due']).fetchone()[0])

    # -- what is not wanted

    def restrict(self, kinds: Collection[ContextKind]) -> None:
        """Have only these kinds wanted, as the inputs say.

        What waits of others is removed, and what Sentinel holds of them is to be withdrawn, except
        identities: Indicators name them for as long as they are kept anywhere. What is wanted again
        is made again.
        """
        others = [kind for kind in ContextKind if kind not in kinds]
        with self._db.read() as connection:
            before = connection.execute(_SQL['state']).fetchone()['kinds']
        if others:
            self._let_go(others)
        elif before is not None and before < len(kinds):
            self._make_again()
        with self._db.write() as transaction:
            transaction.execute(_SQL['set_kinds'], (len(kinds),))

    def _let_go(self, kinds: Sequence[ContextKind]) -> None:
        removed = 1
        while removed:
            with self._db.write() as transaction:
                rows = list(select_in(transaction, _SQL['waiting_of_kinds'], kinds))
                removed = context_queue.drop(transaction, [row['object'] for row in rows])
        values = (*kinds, *[-1] * (len(ContextKind) - len(kinds)))
        for span in self._spans('last_object'):
            with self._db.write() as transaction:
                transaction.execute(_SQL['not_wanted'], (*span, *values))
                transaction.execute(_SQL['forget_new'], (*span, *values))

    def _make_again(self) -> None:
        for span in self._spans('last_associated'):
            with self._db.write() as transaction:
                transaction.execute(_SQL['associated_due'], span)
        self.request_round()

    def _spans(self, last: str) -> Iterator[tuple[int, int]]:
        with self._db.read() as connection:
            end = connection.execute(_SQL[last]).fetchone()[0]
        for after in range(0, end, _ROWS_AT_ONCE):
            yield after, after + _ROWS_AT_ONCE

    def count_unwanted(self) -> int:
        """Return the number of live objects that are to be withdrawn.

        Actors that no live Indicator is related to any more are among them.
        """
        with self._db.write() as transaction:
            transaction.execute(_SQL['unrelated_actors'])
            return int(
                transaction.execute(_SQL['count_unwanted'], (REFUSED_ATTEMPTS,)).fetchone()[0]
            )

    def queue_withdrawals(
        self, account: int, *, after: int, limit: int, now: dt.datetime
    ) -> int | None:
        """Queue the withdrawals of the next objects that are not wanted, after an object.

        Returns:
            The last object; None at the end.
        """
        with self._db.write() as transaction:
            rows = transaction.execute(_SQL['unwanted'], (after, limit)).fetchall()
            found = [
                row for row in rows if not row['is_queued'] and row['attempts'] <= REFUSED_ATTEMPTS
            ]
            transaction.executemany(
                _SQL['queue_withdrawal'],
                [read_cell(lambda row: _withdrawal(row, account, now), row) for row in found],
            )
            if found:
                transaction.execute(_SQL['add_waiting'], (len(found), account))
        return rows[-1]['id'] if rows else None

    def end_withdrawal(self, *, held_back: int = 0) -> None:
        """Store that what is not wanted has been queued, or the number that is held back."""
        with self._db.write() as transaction:
            transaction.execute(_SQL['end_withdrawal'], (held_back,))

    def allow_withdrawal(self, count: int) -> None:
        """Store that a person has allowed a number of withdrawals at once."""
        with self._db.write() as transaction:
            transaction.execute(_SQL['allow'], (count,))

    # -- for people

    def live(self) -> Mapping[ContextKind, int]:
        """Return the number of live objects of each kind."""
        with self._db.read() as connection:
            return _live(connection)

    def counts(self) -> ContextCounts:
        """Return how the context stands."""
        with self._db.read() as connection:
            state = connection.execute(_SQL['state']).fetchone()

            def number(name: str) -> int:
                return int(connection.execute(_SQL[name]).fetchone()[0])

            return ContextCounts(
                live=_live(connection),
                waiting=number('waiting'),
                due=number('due'),
                refused=number('refused'),
                unwanted=number('all_unwanted'),
                held_back=state['held_back'],
                ended=None if state['ended'] is None else read_cell(moment, state['ended']),
            )

    def accounts(self, request_ids: Iterable[str]) -> Mapping[str, ContextAccount]:
        """Return the accounts of Jobs that have called for context objects."""
        with self._db.read() as connection:
            rows = select_in(connection, _SQL['accounts'], list(request_ids))
            return {
                row['request_id']: ContextAccount(
                    **{name: row[name] for name in ContextAccount.__slots__}
                )
                for row in rows
            }

    def forget_accounts(self, is_gone: Callable[[str], bool]) -> None:
        """Remove the settled accounts of Jobs that are gone."""
        with self._db.read() as connection:
            known = [row[0] for row in connection.execute(_SQL['account_ids'])]
        gone = [(request_id,) for request_id in known if is_gone(request_id)]
        with self._db.write() as transaction:
            transaction.executemany(_SQL['forget_account'], gone)


def _live(connection: sqlite3.Connection) -> Mapping[ContextKind, int]:
    rows = connection.execute(_SQL['live'])
    return {read_cell(ContextKind, row['kind']): row['count'] for row in rows}


def _withdrawal(row: sqlite3.Row, account: int, now: dt.datetime) -> tuple[object, ...]:
    modified = max(millis(now), row['modified'] + 1)
    text = context_revocation(
        key_of(row),
        object_id=present_id(row),
        created_at=moment(row['created']),
        modified_at=moment(modified),
    )
    return (
        *(row['id'], row['kind'], account, row['created'], modified, content_hash(text)),
        *(len(text), pack(text)),
    )


def present_id(row: sqlite3.Row) -> str:
    """Return the STIX id under which Sentinel has an object; its ids and kind are in the row."""
    number = uuid.UUID(bytes=row['present_id'] or row['digest'])
    return f'{ContextKind(row["kind"]).stix_type}--{number}'
