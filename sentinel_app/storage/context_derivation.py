"""Derivation of context objects from what is live and from its Groups, in bounded transactions."""

from __future__ import annotations

import datetime as dt
import sqlite3
import sys
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sentinel_app.core.context_key import (
    ContextKey,
    ContextKind,
    identity_key,
    relationship_key,
)
from sentinel_app.core.context_outbox import GroupPlace, leading_actors
from sentinel_app.core.identity_object import IDENTITY_SINCE, identity_object
from sentinel_app.core.ledger_row import REFUSED_ATTEMPTS, ObjectState, millis, moment
from sentinel_app.core.object_id import object_id
from sentinel_app.core.object_text import content_hash, object_text
from sentinel_app.core.relationship import relationship_object
from sentinel_app.core.threat_actor import actor_key, actor_object, merged
from sentinel_app.core.tlp import Tlp
from sentinel_app.storage import context_queue
from sentinel_app.storage.actor_groups import members
from sentinel_app.storage.cell import key_of_row, read_cell
from sentinel_app.storage.packing import pack
from sentinel_app.storage.selection import run_in, select_in
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements

_SQL: Final = statements('context_derivation')
_LEVELS: Final = tuple(Tlp)


class ContextDerivation:
    """Brings the wanted context objects in line with the ledger and the Groups.

    Each call is one transaction. Errors are as in `UpdateStore`.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def identities(self, account: int, now: dt.datetime) -> None:
        """Queue the identities of the owners of everything that is live."""
        with self._db.write() as transaction:
            derivation = _Derivation(transaction, now)
            for row in transaction.execute(_SQL['owners']).fetchall():
                derivation.identity(row['name'], account)
            derivation.store_accounts()

    def actors(self, *, after: bytes, limit: int, now: dt.datetime) -> bytes | None:
        """Queue the actors that may have changed, after the one with a digest.

        Returns:
            The digest of the last one; None at the end.
        """
        with self._db.write() as transaction:
            derivation = _Derivation(transaction, now)
            rows = transaction.execute(_SQL['actors_due'], (after, limit)).fetchall()
            derivation.load([row['actor'] for row in rows])
            for row in rows:
                derivation.change_actor(row['actor'], row['account'])
            derivation.store_accounts()
        return rows[-1]['actor'] if rows else None

    def relationships(self, *, after: int, limit: int, now: dt.datetime) -> int | None:
        """Queue the relationships of the next Indicators that are due, after an object.

        Those with a Group that was never read stay due, and so do those for which Sentinel has yet
        to answer.

        Returns:
            The last object; None at the end.
        """
        with self._db.write() as transaction:
            rows = transaction.execute(_SQL['due'], (after, limit)).fetchall()
            last = rows[-1]['object'] if rows else sys.maxsize
            gone = [row['object'] for row in transaction.execute(_SQL['gone'], (after, last))]
            for name in ('forget_associations', 'forget_copies', 'forget_due'):
                run_in(transaction, _SQL[name], gone)
            derivation = _Derivation(transaction, now)
            derivation.relate(rows)
            derivation.store_accounts()
        return last if rows else None


@dataclass(slots=True)
class _Known:
    """A row of the ledger of context objects, with its version in the outbox."""

    id: int
    key: ContextKey
    state: int = ObjectState.NEW
    generation: int = 0
    created: int = 0
    modified: int = 0
    content_hash: bytes = b''
    refused_hash: bytes | None = None
    attempts: int = 0
    is_wanted: bool = True
    name: str | None = None
    tlp: int | None = None
    is_queued: bool = False
    is_in_flight: bool = False
    is_unacknowledged: bool = False
    is_revocation: bool = False
    queued_created: int = 0
    queued_modified: int = 0
    queued_hash: bytes = b''
    queued_by: int = 0

    @classmethod
    def of(cls, row: sqlite3.Row, key: ContextKey) -> _Known:
        names = cls.__slots__[2:]
        found: dict[str, Any] = {name: row[name] for name in names if row[name] is not None}
        return cls(id=row['id'], key=key, **found)

    @property
    def is_blocked(self) -> bool:
        """Whether the answer about a version decides what the next one is."""
        return self.is_in_flight or (self.is_revocation and self.is_unacknowledged)

    @property
    def object_id(self) -> str:
        return self.key.object_id(self.generation)

    @property
    def is_refused_for_good(self) -> bool:
        is_there = self.state == ObjectState.LIVE or self.is_queued
        return not is_there and self.attempts > REFUSED_ATTEMPTS


@dataclass(slots=True)
class _Due:
    """An Indicator whose relationships are derived."""

    row: sqlite3.Row
    owner_name: str | None = None
    tlp: int | None = None
    actors: tuple[bytes, ...] = ()
    left_out: int = 0
    is_open: bool = False
    """Whether it stays due."""

    @property
    def object(self) -> int:
        return int(self.row['object'])

    @property
    def account(self) -> int:
        return int(self.row['account'])


class _Derivation:
    """One transaction."""

    def __init__(self, transaction: sqlite3.Connection, now: dt.datetime) -> None:
        self._transaction = transaction
        self._now = millis(now)
        self._known: dict[bytes, _Known] = {}
        self._identities: dict[str, str] = {}
        self._accounts: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])

    def load(self, digests: Iterable[bytes]) -> None:
        """Read the rows of keys."""
        wanted = [digest for digest in dict.fromkeys(digests) if digest not in self._known]
        for row in select_in(self._transaction, _SQL['known'], wanted):
            self._known[row['digest']] = _Known.of(row, key_of(row))

    def store_accounts(self) -> None:
        """Store what was added to the accounts of Jobs."""
        self._transaction.executemany(
            _SQL['account'],
            [(*change, account) for account, change in self._accounts.items() if any(change)],
        )

    # -- identities

    def identity(self, owner_name: str, account: int) -> str:
        """Return the id of an owner's identity, which is queued if it is new."""
        known_id = self._identities.get(owner_name)
        if known_id is not None:
            return known_id
        key = identity_key(owner_name)
        self.load([key.digest])
        known = self._known.get(key.digest) or self._add(key, name=owner_name)
        if not known.is_blocked:
            created = millis(IDENTITY_SINCE)
            # Another version is a later one, even where it says the same.
            modified = max(created, self._times(known, created, created)[1])
            stix = identity_object(
                owner_name,
                object_id=known.object_id,
                created_at=IDENTITY_SINCE,
                modified_at=moment(modified),
            )
            self._queue(known, stix, account, created=created, modified=modified)
        self._identities[owner_name] = known.object_id
        return known.object_id

    # -- threat actors

    def change_actor(self, digest: bytes, account: int) -> None:
        """Queue an actor that is related to something, if it has changed."""
        known = self._known.get(digest)
        if known is not None and known.is_wanted:
            if known.is_blocked:
                return
            if not self._describe(known, account):
                self._transaction.execute(_SQL['want'], (False, known.id))
                context_queue.drop(self._transaction, [known.id], forgets_new=True)
        self._transaction.execute(_SQL['settle_actor'], (digest,))

    def _actor(self, digest: bytes, account: int) -> _Known | None:
        """Return an actor that is wanted; None if nothing stands for it any more."""
        known = self._known.get(digest)
        if known is None:
            groups = members(self._transaction, digest)
            if not groups:
                return None
            known = self._add(actor_key(groups[0]))
        elif known.is_wanted and known.state != ObjectState.WITHDRAWN:
            return known
        if not known.is_blocked:
            self._describe(known, account)
        return known

    def _describe(self, known: _Known, account: int) -> bool:
        """Queue an actor as its Groups describe it; False if none stands for it any more."""
        groups = members(self._transaction, known.key.digest)
        if not groups:
            return False
        actor = merged(groups)
        generation, tlp = known.generation, None if actor.tlp is None else actor.tlp.strictness
        self._bring_back(known)
        if (known.tlp, known.generation) != (tlp, generation):
            values = (account, known.key.digest)
            self._transaction.execute(_SQL['relations_of_actor_due'], values)
        if (known.name, known.tlp) != (actor.name, tlp):
            known.name, known.tlp = actor.name, tlp
            self._transaction.execute(_SQL['describe'], (actor.name, tlp, known.id))
        created, modified = self._times(known, millis(actor.added_at), millis(actor.modified_at))
        stix = actor_object(
            actor,
            object_id=known.object_id,
            author_ref=self.identity(actor.author, account),
            created_at=moment(created),
            modified_at=moment(modified),
        )
        self._queue(known, stix, account, created=created, modified=modified)
        return True

    # -- relationships

    def relate(self, rows: Sequence[sqlite3.Row]) -> None:
        """Queue the relationships of Indicators, and note which are no longer wanted."""
        due = self._due(rows)
        self.load(digest for item in due for digest in item.actors)
        pairs = [(item, actor) for item in due for actor in self._actors_of(item)]
        keys = {
            (item.object, actor.id): relationship_key(_source_id(item.row), actor.object_id)
            for item, actor in pairs
        }
        self.load(key.digest for key in keys.values())
        kept: defaultdict[int, set[int]] = defaultdict(set)
        for item, actor in pairs:
            relation = self._relation(item, actor, keys[item.object, actor.id])
            kept[item.object].add(relation.id)
        for row in self._related([item for item in due if not item.is_open]):
            if row['id'] not in kept[row['source']]:
                self._let_go(row)
        for item in due:
            if not item.is_open:
                self._transaction.execute(_SQL['settle_relation'], (item.object,))
                self._accounts[item.account][1] += item.left_out

    def _due(self, rows: Sequence[sqlite3.Row]) -> list[_Due]:
        due = {row['object']: _Due(row) for row in rows}
        for row in select_in(self._transaction, _SQL['copies'], list(due)):
            due[row['object']].owner_name, due[row['object']].tlp = row['owner_name'], row['tlp']
        places: defaultdict[int, list[GroupPlace]] = defaultdict(list)
        for row in select_in(self._transaction, _SQL['places'], list(due)):
            if row['modified'] is None:
                due[row['object']].is_open = True
            elif row['actor'] is not None:
                place = GroupPlace(row['modified'], row['group_id'], row['actor'])
                places[row['object']].append(place)
        for number, found in places.items():
            due[number].actors, due[number].left_out = leading_actors(found)
        return [item for item in due.values() if not item.is_open]

    def _actors_of(self, item: _Due) -> list[_Known]:
        found: list[_Known] = []
        for digest in item.actors:
            actor = self._actor(digest, item.account)
            if actor is None or actor.is_refused_for_good:
                continue
            if actor.is_blocked and (actor.is_revocation or not actor.is_wanted):
                # Its next id depends on the answer.
                item.is_open = True
                continue
            found.append(actor)
        return found

    def _relation(self, item: _Due, actor: _Known, key: ContextKey) -> _Known:
        known = self._known.get(key.digest)
        if known is None:
            known = self._add(key, source=item.object, target=actor.id)
        if known.is_blocked:
            item.is_open = True
            return known
        self._bring_back(known)
        source_ref, _, target_ref = key.text.partition('|')
        row = item.row
        created, modified = self._times(known, row['created'], row['source_modified'])
        stix = relationship_object(
            object_id=known.object_id,
            source_ref=source_ref,
            target_ref=target_ref,
            author_ref=self.identity(item.owner_name or '', item.account),
            tlp=_stricter(item.tlp, actor.tlp),
            created_at=moment(created),
            modified_at=moment(modified),
        )
        self._queue(known, stix, item.account, created=created, modified=modified)
        return known

    def _related(self, due: Sequence[_Due]) -> Iterable[sqlite3.Row]:
        objects = [item.object for item in due]
        return list(select_in(self._transaction, _SQL['related'], objects))

    def _let_go(self, row: sqlite3.Row) -> None:
        """Note that a relationship is not wanted; what Sentinel cannot have of it is removed."""
        self._transaction.execute(_SQL['want'], (False, row['id']))
        context_queue.drop(self._transaction, [row['id']], forgets_new=True)

    # -- what they share

    def _add(
        self,
        key: ContextKey,
        *,
        name: str | None = None,
        source: int | None = None,
        target: int | None = None,
    ) -> _Known:
        refs: tuple[bytes | None, ...] = (None, None)
        if key.kind is ContextKind.RELATIONSHIP:
            refs = tuple(map(uuid_bytes, key.text.split('|')))
        text = None if key.kind is ContextKind.RELATIONSHIP else key.text
        cursor = self._transaction.execute(
            _SQL['add'], (key.digest, key.kind.value, text, name, source, target, *refs)
        )
        known = _Known(id=cursor.lastrowid or 0, key=key, name=name)
        self._known[key.digest] = known
        return known

    def _bring_back(self, known: _Known) -> None:
        """Have an object wanted again; one that was withdrawn gets another id."""
        if known.is_revocation:
            # Nobody has sent it as yet.
            self._unqueue(known)
        if known.state == ObjectState.WITHDRAWN:
            known.generation += 1
            known.state, known.content_hash, known.attempts = ObjectState.NEW, b'', 0
            known.refused_hash = None
            self._transaction.execute(
                _SQL['come_back'], (known.generation, uuid_bytes(known.object_id), known.id)
            )
        elif not known.is_wanted:
            self._transaction.execute(_SQL['want'], (True, known.id))
        known.is_wanted = True

    def _times(self, known: _Known, added: int, source_modified: int) -> tuple[int, int]:
        """Return `created`, which never changes for one id, and `modified`, which only rises.

        Both are ThreatConnect's own, though never in the future.
        """
        created, earlier = min(added, self._now), []
        if known.state == ObjectState.LIVE:
            created = known.created
            earlier.append(known.modified + 1)
        if known.is_queued:
            created = known.queued_created
            earlier.append(known.queued_modified + 1)
        return created, max(min(source_modified, self._now), created, *earlier)

    def _queue(
        self,
        known: _Known,
        stix: Mapping[str, object],
        account: int,
        *,
        created: int,
        modified: int,
    ) -> None:
        """Queue a version, unless Sentinel has it, it waits already, or is refused for good."""
        text = object_text(stix)
        content = content_hash(text)
        if known.is_queued and not known.is_revocation and known.queued_hash == content:
            return
        is_held = known.state == ObjectState.LIVE and known.content_hash == content
        is_refused = known.refused_hash == content and known.attempts > REFUSED_ATTEMPTS
        if (is_held or is_refused) and not known.is_unacknowledged:
            if known.is_queued:
                self._unqueue(known)
            return
        if known.is_queued:
            self._accounts[known.queued_by][0] -= 1
        self._accounts[account][0] += 1
        self._transaction.execute(
            _SQL['queue'],
            (
                *(known.id, known.key.kind.value, account, known.is_unacknowledged),
                *(created, modified, content, len(text), pack(text)),
            ),
        )
        known.is_queued, known.is_revocation, known.queued_by = True, False, account
        known.queued_created, known.queued_modified = created, modified
        known.queued_hash = content

    def _unqueue(self, known: _Known) -> None:
        self._accounts[known.queued_by][0] -= 1
        self._transaction.execute(_SQL['unqueue'], (known.id,))
        known.is_queued = known.is_revocation = known.is_unacknowledged = False


def uuid_bytes(stix_id: str) -> bytes:
    """Return the bytes of an object's id.

    Raises:
        ValueError: it does not end in a UUID.
    """
    return uuid.UUID(stix_id.partition('--')[2]).bytes


def key_of(row: sqlite3.Row) -> ContextKey:
    """Return the key of a context object."""
    kind = read_cell(ContextKind, row['kind'])
    if kind is ContextKind.RELATIONSHIP:
        return read_cell(_relationship_key_of, row)
    return ContextKey(kind, row['key'])


def _relationship_key_of(row: sqlite3.Row) -> ContextKey:
    """Return the key of a relationship from the bytes of its ends."""
    source, target = (uuid.UUID(bytes=row[name]) for name in ('source_ref', 'target_ref'))
    return relationship_key(f'indicator--{source}', f'{ContextKind.ACTOR.stix_type}--{target}')


def _source_id(row: sqlite3.Row) -> str:
    if not row['generation']:
        return f'indicator--{uuid.UUID(bytes=row["digest"])}'
    return object_id(key_of_row(row), row['generation'])


def _stricter(*levels: int | None) -> Tlp | None:
    known = [level for level in levels if level is not None]
    return _LEVELS[max(known)] if known else None
