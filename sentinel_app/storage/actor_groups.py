"""Groups that stand for threat actors, as they were read last, and which are to be read."""

from __future__ import annotations

import datetime as dt
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import orjson

from sentinel_app.core.actor_group import ActorGroup, ActorProfile
from sentinel_app.core.context_choice import ActorGroupType
from sentinel_app.core.indicator import Tag
from sentinel_app.core.ledger_row import millis, moment
from sentinel_app.core.timestamp import from_text
from sentinel_app.storage import context_queue
from sentinel_app.storage.cell import read_cell
from sentinel_app.storage.selection import select_in
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements

_SQL: Final = statements('actor_groups')

ActorOf = Callable[[ActorGroup], bytes | None]
"""Returns the digest of a Group's actor key; None where it stands for no actor that may be sent."""


class ActorGroups:
    """The Groups behind context objects. Transactions and errors are as in `UpdateStore`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def unread(self, *, after: int, objects: int) -> tuple[int, ...]:
        """Return the ids of Groups that were never read.

        Args:
            after: the object after which those begin whose relationships are due.
            objects: how many of these are looked at.
        """
        with self._db.read() as connection:
            rows = connection.execute(_SQL['unread'], (after, objects))
            return tuple(row[0] for row in rows)

    def known(self, ids: Iterable[int]) -> tuple[int, ...]:
        """Return those of these Groups that have been read before."""
        with self._db.read() as connection:
            return tuple(row[0] for row in select_in(connection, _SQL['known'], list(ids)))

    def changed_since(self) -> dt.datetime | None:
        """Return since when Groups that were modified are to be read; None where none are."""
        with self._db.read() as connection:
            cell = connection.execute(_SQL['state']).fetchone()['changed_since']
        return None if cell is None else read_cell(moment, cell)

    def read_changed(self, until: dt.datetime) -> None:
        """Store that modified Groups have been read up to a time."""
        with self._db.write() as transaction:
            transaction.execute(_SQL['changed_since'], (millis(until),))

    def next_to_read_again(self, *, limit: int) -> tuple[int, ...] | None:
        """Return the next Groups to read again, none at the end; None where none are to be."""
        with self._db.read() as connection:
            after = connection.execute(_SQL['state']).fetchone()['read_until_group']
            if after is None:
                return None
            rows = connection.execute(_SQL['next_known'], (after, limit))
            return tuple(row[0] for row in rows)

    def judge_again(self, actor_of: ActorOf, *, after: int, limit: int) -> int | None:
        """Judge the next Groups once more as they were read, as inputs may have changed.

        Args:
            actor_of: judges each of them.
            after: the id after which they come.
            limit: maximum number of Groups.

        Returns:
            The id of the last one; None at the end.
        """
        with self._db.write() as transaction:
            rows = transaction.execute(_SQL['next_stored'], (after, limit)).fetchall()
            for row in rows:
                group = None if row['body'] is None else read_cell(_decoded, row['body'])
                actor = None if group is None else actor_of(group)
                if actor != row['actor']:
                    at = read_cell(moment, row['read'])
                    _store(transaction, row['id'], group, actor, row, at)
        return rows[-1]['id'] if rows else None

    def end_reading_again(self) -> None:
        """Store that all Groups have been read again."""
        with self._db.write() as transaction:
            transaction.execute(_SQL['read_until'], (None,))

    def store(
        self,
        asked: Sequence[int],
        found: Sequence[ActorGroup],
        *,
        actor_of: ActorOf,
        at: dt.datetime,
        is_reading_again: bool = False,
    ) -> None:
        """Store the Groups that ThreatConnect was asked for, and what depends on their changes.

        Args:
            asked: the ids, ascending; what was not found is gone, or of another type.
            found: the Groups that it returned.
            actor_of: judges each of them.
            at: the current time.
            is_reading_again: whether all Groups are being read again, in order of their ids.
        """
        by_id = {group.id: group for group in found}
        with self._db.write() as transaction:
            stored = {row['id']: row for row in select_in(transaction, _SQL['stored'], asked)}
            for number in asked:
                group = by_id.get(number)
                actor = None if group is None else actor_of(group)
                _store(transaction, number, group, actor, stored.get(number), at)
            if is_reading_again and asked:
                _forget_unassociated(transaction, asked)
                transaction.execute(_SQL['read_until'], (asked[-1],))


def members(connection: sqlite3.Connection, actor: bytes) -> tuple[ActorGroup, ...]:
    """Return the Groups that stand for an actor, in order of their ids."""
    rows = connection.execute(_SQL['members'], (actor,))
    return tuple(read_cell(_decoded, row['body']) for row in rows)


def _store(
    transaction: sqlite3.Connection,
    number: int,
    group: ActorGroup | None,
    actor: bytes | None,
    stored: sqlite3.Row | None,
    at: dt.datetime,
) -> None:
    body = None if group is None else _encoded(group)
    before = None if stored is None else stored['actor']
    if stored is not None and before == actor and stored['body'] == body:
        transaction.execute(_SQL['seen'], (millis(at), number))
        return
    if before is not None:
        # Nothing of what it said before is sent any more; what is still so is made again.
        _drop_waiting(transaction, before, is_gone=before != actor)
    modified = 0 if group is None else millis(group.modified_at)
    transaction.execute(_SQL['store'], (number, actor, modified, millis(at), body))
    for changed in {before, actor} - {None}:
        transaction.execute(_SQL['actor_due'], (changed,))
    if stored is None or before != actor or _modified(stored['body']) != modified:
        # Which actors are the leading ones may have changed as well.
        transaction.execute(_SQL['relations_due'], (number,))


def _drop_waiting(transaction: sqlite3.Connection, actor: bytes, *, is_gone: bool) -> None:
    """Remove waiting versions of an actor, and of its relationships if its Group parts from it."""
    rows = transaction.execute(_SQL['actor_object'], (actor,)).fetchall()
    if is_gone:
        rows += transaction.execute(_SQL['waiting_relations'], (actor,)).fetchall()
    if context_queue.drop(transaction, [row['id'] for row in rows]) and is_gone:
        transaction.execute(_SQL['relations_of_actor_due'], (actor,))


def _modified(body: bytes | None) -> int:
    return 0 if body is None else millis(read_cell(_decoded, body).modified_at)


def _forget_unassociated(transaction: sqlite3.Connection, asked: Sequence[int]) -> None:
    span = (asked[0] - 1, asked[-1])
    for row in transaction.execute(_SQL['forgotten_actors'], span).fetchall():
        transaction.execute(_SQL['actor_due'], (row['actor'],))
    transaction.execute(_SQL['forget_unassociated'], span)


def _encoded(group: ActorGroup) -> bytes:
    return zlib.compress(orjson.dumps(asdict(group)))


def _decoded(body: bytes) -> ActorGroup:
    found: dict[str, Any] = orjson.loads(zlib.decompress(body))
    profile = found['profile']
    read: dict[str, Any] = {
        'type': ActorGroupType(found['type']),
        'tags': tuple(Tag(**tag) for tag in found['tags']),
        'profile': None if profile is None else _profile(profile),
        **{name: tuple(found[name]) for name in ('aliases', 'security_labels')},
        **{name: _time(found[name]) for name in ('first_seen', 'last_seen')},
        **{name: from_text(found[name]) for name in ('added_at', 'modified_at')},
    }
    return ActorGroup(**{**found, **read})


def _profile(found: Mapping[str, Any]) -> ActorProfile:
    return ActorProfile(**{**found, 'aliases': tuple(found['aliases'])})


def _time(text: str | None) -> dt.datetime | None:
    return None if text is None else from_text(text)
