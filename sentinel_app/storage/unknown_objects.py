"""Objects in Sentinel that the ledger does not know, as an update withdraws them.

Each gets a ledger row that was never accepted, so that its withdrawal takes the same course as any
other: accounts, retries, and the knowledge that it is withdrawn.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from sentinel_app.core.ledger_row import kind_number
from sentinel_app.core.revocation import LiveObject
from sentinel_app.core.unknown_object import minimal_text, subject_of
from sentinel_app.storage.marks import first_mark
from sentinel_app.storage.packing import pack
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements
from sentinel_app.storage.verified_ledger import stix_id_of

UNKNOWN_OWNER: Final = 'Unknown'
"""Owner of what is not from ThreatConnect as far as the ledger knows."""

_SQL: Final = statements('unknown_objects')


class UnknownObjects:
    """Unknown objects that a person has asked to withdraw. Transactions are as in `UpdateStore`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def take_in(self, update_id: str) -> None:
        """Have the update withdraw earlier ids of values that came back since."""
        with self._db.write() as transaction:
            transaction.executemany(
                _SQL['take_in_withdrawals'],
                [
                    (
                        *(row['id'], row['query'], row['owner'], row['indicator_id']),
                        *(row['created'], row['modified'], row['summary'], pack(_text(row))),
                    )
                    for row in transaction.execute(_SQL['of_reborn'], (update_id,)).fetchall()
                ],
            )

    def next_of(
        self, update_id: str, job: int, *, after: bytes, limit: int
    ) -> tuple[tuple[LiveObject, ...], bytes]:
        """Return the next unknown objects that the update has not withdrawn yet.

        Args:
            update_id: the update.
            job: the number of its Job that withdraws them.
            after: the bytes of the id after which they come.
            limit: maximum number of objects.

        Returns:
            The objects, none at the end, and the bytes of the last one's id.
        """
        with self._db.write() as transaction:
            first = first_mark(transaction, update_id)
            values = (update_id, after, first, limit)
            rows = transaction.execute(_SQL['next'], values).fetchall()
            query = transaction.execute(_SQL['query'], (job,)).fetchone()
            transaction.execute(_SQL['add_owner'], (UNKNOWN_OWNER,))
            owner = transaction.execute(_SQL['owner'], (UNKNOWN_OWNER,)).fetchone()[0]
            last = transaction.execute(_SQL['last_object']).fetchone()[0]
            found = []
            for row in rows:
                if row['id'] is not None and row['summary'] is not None:
                    found.append(_known(row, query['query_id']))
                    continue
                last += row['id'] is None
                item = last if row['id'] is None else row['id']
                new = _new(row, item, query=query['id'], query_id=query['query_id'], owner=owner)
                if row['id'] is None:
                    transaction.execute(_SQL['add'], _ledger_values(new, row['digest'], job))
                found.append(new)
        return tuple(found), rows[-1]['digest'] if rows else after


def _new(row: sqlite3.Row, item: int, *, query: int, query_id: str, owner: int) -> LiveObject:
    """Return an object that the ledger has no content of."""
    return LiveObject(
        object=item,
        unconfirmed=None,
        generation=0,
        query=query,
        query_id=query_id,
        owner=owner,
        # No Indicator of ThreatConnect has such an id, and each object counts as one.
        indicator_id=-item,
        siblings=1,
        created=row['created'],
        modified=row['modified'],
        source_modified=row['modified'],
        content_hash=b'',
        fingerprint=b'',
        confidence=None,
        summary_digest=None,
        summary=row['pattern'],
        value=None,
        text=_text(row),
    )


def _known(row: sqlite3.Row, query_id: str) -> LiveObject:
    """Return an object whose withdrawal never took effect."""
    return LiveObject(
        object=row['id'],
        unconfirmed=None,
        generation=0,
        query=row['query'],
        query_id=query_id,
        owner=row['owner'],
        indicator_id=row['indicator_id'],
        siblings=row['siblings'],
        created=row['created'],
        modified=max(row['modified'], row['held_modified']),
        source_modified=row['source_modified'],
        content_hash=row['content_hash'],
        fingerprint=row['fingerprint'],
        confidence=row['confidence'],
        summary_digest=row['summary_digest'],
        summary=row['summary'],
        value=row['value'],
        text=_text(row),
    )


def _ledger_values(item: LiveObject, digest: bytes, job: int) -> tuple[object, ...]:
    return (
        *(item.object, digest, kind_number(subject_of(item.summary)), item.query, job, item.owner),
        *(item.indicator_id, item.created, item.modified, item.created, item.modified),
    )


def _text(row: sqlite3.Row) -> bytes:
    return minimal_text(
        stix_id_of(row['digest']),
        pattern=row['pattern'],
        created=row['created'],
        modified=row['modified'],
        valid_from=row['valid_from'],
    )
