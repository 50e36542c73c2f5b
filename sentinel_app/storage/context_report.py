"""What people are shown of context objects, read from the stores."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import orjson

from sentinel_app.core.context_key import ContextKind
from sentinel_app.core.context_name import folded_name
from sentinel_app.core.context_outbox import MOST_ACTORS, ContextAccount, ContextCounts
from sentinel_app.core.context_report import (
    ALL_ACTORS,
    ActorFilter,
    ActorSort,
    ContextRefusal,
    ContextState,
    RefusedContext,
    RelatedObject,
    ShownActor,
    ShownGroup,
)
from sentinel_app.core.ledger_row import ObjectState, key_of, moment
from sentinel_app.core.tlp import Tlp
from sentinel_app.storage.actor_groups import members
from sentinel_app.storage.cell import kind_of, read_cell
from sentinel_app.storage.context_store import ContextStore, present_id
from sentinel_app.storage.packing import unpack
from sentinel_app.storage.selection import select_in
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements
from sentinel_app.storage.web_link import packed_web_link

_SQL: Final = statements('context_report')
_LEVELS: Final = tuple(Tlp)
_SAMPLE: Final = 1_000
"""Indicators that are due of which the threat actors are counted, to estimate those of all."""

_STATE: Final = (
    "CASE WHEN actor.state = 1 AND actor.is_wanted = 0 THEN 'unwanted'"
    " WHEN actor.state != 1 AND context_outbox.object IS NOT NULL THEN 'waiting'"
    " WHEN actor.refused_hash IS NOT NULL THEN 'refused'"
    " WHEN actor.state = 1 THEN 'live' WHEN actor.state = 2 THEN 'withdrawn' ELSE 'waiting' END"
)
_OBJECTS: Final = (
    '(SELECT count(*) FROM context_object AS relation'
    ' WHERE relation.target = actor.id AND relation.is_wanted = 1)'
)
_FROM: Final = (
    'FROM context_object AS actor LEFT JOIN context_outbox ON context_outbox.object = actor.id'
)
# Both conditions, so that SQLite finds the index by kind and name.
_ACTORS: Final = 'actor.kind = 1 AND actor.kind < 2'
# The key of an actor ends in its MITRE id or in the common form of its name's spellings.
_HAS_TEXT: Final = (
    '(instr(lower(actor.name), lower(?))'
    " OR instr(lower(substr(actor.key, instr(actor.key, '|') + 1)), ?))"
)
_ORDER: Final = {ActorSort.NAME: 'actor.name COLLATE NOCASE', ActorSort.OBJECTS: 'objects'}


class ContextReport:
    """Reads the context objects; transactions and errors are as in `UpdateStore`."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._store = ContextStore(db)

    def counts(self) -> ContextCounts:
        """Return how the context stands as a whole; what grows with the Indicators is counted.

        Withdrawals that a person has allowed are not held back any more.
        """
        return replace(self._store.counts(), held_back=self.held_back())

    def accounts(self, request_ids: Iterable[str]) -> Mapping[str, ContextAccount]:
        """Return the accounts of Jobs that have called for context objects, in one query."""
        return self._store.accounts(request_ids)

    def held_back(self) -> int:
        """Return the number of withdrawals that wait for a person's decision; it counts nothing."""
        with self._db.read() as connection:
            row = connection.execute(_SQL['withdrawal']).fetchone()
        return 0 if row['allowed'] is not None else int(row['held_back'])

    def actors_each(self) -> float:
        """Return about how many threat actors an Indicator has whose relationships are due."""
        with self._db.read() as connection:
            actors, objects = connection.execute(
                _SQL['due_sample'], (_SAMPLE, MOST_ACTORS)
            ).fetchone()
        return actors / objects if objects else 0.0

    def actors(
        self,
        wanted: ActorFilter = ALL_ACTORS,
        *,
        sort: ActorSort = ActorSort.NAME,
        is_descending: bool = False,
        limit: int = 20,
        offset: int = 0,
    ) -> tuple[tuple[ShownActor, ...], int]:
        """Return a page of threat actors, and the total number of them."""
        where, values = _where(wanted)
        direction = 'DESC' if is_descending else 'ASC'
        with self._db.read() as connection:
            total = connection.execute(f'SELECT count(*) {_FROM} {where}', values).fetchone()[0]
            rows = connection.execute(
                f'SELECT {_columns(with_objects=sort is ActorSort.OBJECTS)} {_FROM} {where}'
                f' ORDER BY {_ORDER[sort]} {direction}, actor.id LIMIT ? OFFSET ?',
                (*values, limit, offset),
            ).fetchall()
            return _shown(connection, rows), int(total)

    def actors_of(self, objects: Collection[int]) -> tuple[ShownActor, ...]:
        """Return the threat actors that some ledger rows are to be related to, by name."""
        with self._db.read() as connection:
            found = select_in(connection, _SQL['actors_of'], sorted(objects))
            targets = list(dict.fromkeys(row['target'] for row in found))
            rows = list(
                select_in(
                    connection,
                    f'SELECT {_columns()} {_FROM} WHERE actor.id IN (?)',
                    targets,
                )
            )
            shown = _shown(connection, rows)
        return tuple(sorted(shown, key=lambda each: (each.name.casefold(), each.id)))

    def related(
        self, actor_id: int, *, limit: int = 20, offset: int = 0
    ) -> tuple[tuple[RelatedObject, ...], int]:
        """Return a page of the objects that are to be related to an actor, and their number."""
        with self._db.read() as connection:
            total = _related_counts(connection, [actor_id]).get(actor_id, 0)
            rows = connection.execute(_SQL['related'], (actor_id, limit, offset))
            return tuple(_related(row) for row in rows), total

    def refused(
        self, *, limit: int = 20, offset: int = 0
    ) -> tuple[tuple[RefusedContext, ...], int]:
        """Return a page of what Sentinel refuses of every kind, and the total number of it."""
        with self._db.read() as connection:
            total = connection.execute(_SQL['count_refused']).fetchone()[0]
            rows = connection.execute(_SQL['refused'], (limit, offset))
            return tuple(_refused(row) for row in rows), int(total)


def _columns(*, with_objects: bool = False) -> str:
    columns = (
        f'actor.*, {_STATE} AS shown_state,'
        ' coalesce(context_outbox.body, actor.body) AS newest_body'
    )
    return f'{columns}, {_OBJECTS} AS objects' if with_objects else columns


def _where(wanted: ActorFilter) -> tuple[str, tuple[object, ...]]:
    """Return the SQL condition of a filter, and its bound values."""
    conditions, values = [_ACTORS], list[object]()
    if wanted.state is not None:
        conditions.append(f'{_STATE} = ?')
        values.append(wanted.state)
    if wanted.text:
        conditions.append(_HAS_TEXT)
        values += [wanted.text, folded_name(wanted.text) or wanted.text]
    return 'WHERE ' + ' AND '.join(conditions), tuple(values)


def _shown(connection: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> tuple[ShownActor, ...]:
    counts = _related_counts(connection, [row['id'] for row in rows])
    return tuple(
        ShownActor(
            id=row['id'],
            stix_id=read_cell(present_id, row),
            name=row['name'] or '',
            aliases=() if row['newest_body'] is None else read_cell(_aliases, row['newest_body']),
            state=kind_of(ContextState, row['shown_state']),
            objects=counts.get(row['id'], 0),
            tlp=None if row['tlp'] is None else read_cell(_LEVELS.__getitem__, row['tlp']),
            groups=_groups(connection, row['digest']),
            refusal=_refusal(row),
        )
        for row in rows
    )


def _related_counts(connection: sqlite3.Connection, actors: Sequence[int]) -> dict[int, int]:
    found = select_in(connection, _SQL['count_related'], actors)
    return {row['target']: row['count'] for row in found}


def _aliases(body: bytes) -> tuple[str, ...]:
    return tuple(map(str, orjson.loads(unpack(body)).get('aliases', ())))


def _groups(connection: sqlite3.Connection, digest: bytes) -> tuple[ShownGroup, ...]:
    return tuple(
        ShownGroup(
            id=group.id,
            type=group.type,
            name=group.name,
            owner_name=group.owner_name,
            web_link=group.web_link,
        )
        for group in members(connection, digest)
    )


def _refusal(row: sqlite3.Row) -> ContextRefusal | None:
    if row['refused_hash'] is None:
        return None
    return ContextRefusal(
        code=row['refused_code'],
        reason=row['refused_reason'],
        at=read_cell(moment, row['refused_at']),
        attempts=row['attempts'],
    )


def _related(row: sqlite3.Row) -> RelatedObject:
    value = row['summary'] if row['value'] is None else row['value']
    key = read_cell(lambda kind: key_of(kind, value), row['indicator_kind'])
    return RelatedObject(
        indicator_id=row['indicator_id'],
        type=key.type,
        hash_kind=key.hash_kind,
        summary=row['summary'],
        value=key.value,
        owner_name=row['owner_name'],
        web_link=packed_web_link(row['indicator_body']),
        state=_relation_state(row),
    )


def _relation_state(row: sqlite3.Row) -> ContextState:
    """Return the state of a relationship that is wanted."""
    if row['state'] == ObjectState.LIVE:
        return ContextState.LIVE
    if row['refused_hash'] is not None and not row['is_queued']:
        return ContextState.REFUSED
    return ContextState.WAITING


def _refused(row: sqlite3.Row) -> RefusedContext:
    refusal = _refusal(row)
    assert refusal is not None  # noqa: S101 - selected by it
    return RefusedContext(
        id=row['id'],
        kind=read_cell(ContextKind, row['kind']),
        stix_id=read_cell(present_id, row),
        name=row['name'] or row['actor_name'] or '',
        summary=row['summary'],
        is_live=row['state'] == ObjectState.LIVE,
        refusal=refusal,
    )
