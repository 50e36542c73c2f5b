"""Orphans, which are live objects without a copy, and the withdrawals of an update."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sentinel_app.core.indicator import DeletedIndicator, IndicatorType
from sentinel_app.core.ledger_row import millis, moment
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.revocation import LiveObject, Revocation, Unwanted
from sentinel_app.core.row import hash_digests
from sentinel_app.core.value import keys_of_summary, summary_digest
from sentinel_app.storage import outbox
from sentinel_app.storage.accounts import Account, Accounts, OutcomeRow
from sentinel_app.storage.cell import key_of_row, read_cell
from sentinel_app.storage.packing import pack, unpack
from sentinel_app.storage.page_commit import orphan_lost
from sentinel_app.storage.selection import select_in
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements
from sentinel_app.storage.stopped_jobs import fail_where_stopped
from sentinel_app.storage.update_store import UpdateStore

_SQL: Final = statements('orphans')


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Indicator of a live object."""

    indicator_id: int
    owner_name: str


class Orphans:
    """Orphans and withdrawals in SQLite. Transactions and errors are as in `UpdateStore`."""

    def __init__(self, db: Database, store: UpdateStore) -> None:
        self._db = db
        self._store = store

    # -- the search for what is gone

    def is_searched(self, update_id: str) -> bool:
        """Return whether the update has searched for orphans."""
        return self._search(update_id) is not None

    def is_held_back(self, update_id: str) -> bool:
        """Return whether the update's withdrawals are held back as too many at once."""
        row = self._search(update_id)
        return row is not None and bool(row['is_held_back'])

    def has_failed(self, update_id: str) -> bool:
        """Return whether the update's search for orphans failed."""
        row = self._search(update_id)
        return row is not None and bool(row['is_failed'])

    def _search(self, update_id: str) -> sqlite3.Row | None:
        with self._db.read() as connection:
            row: sqlite3.Row | None = connection.execute(_SQL['search'], (update_id,)).fetchone()
        return row

    def searched_until(self) -> dt.datetime | None:
        """Return the time up to which orphans are known, by ThreatConnect's clock, or None."""
        with self._db.read() as connection:
            row = connection.execute(_SQL['searched']).fetchone()
            return None if row is None else read_cell(moment, row['until'])

    def end_search(
        self,
        update_id: str,
        *,
        until: dt.datetime | None,
        is_held_back: bool,
        is_failed: bool,
        warning: str | None,
    ) -> None:
        """Store that the update has searched, up to when, and a warning for people."""
        with self._db.write() as transaction:
            transaction.execute(_SQL['add_search'], (update_id, is_held_back, is_failed))
            if until is not None:
                transaction.execute(_SQL['forget_searched'])
                transaction.execute(_SQL['add_searched'], (millis(until),))
            if warning is not None:
                transaction.execute(_SQL['warn'], (warning, None, update_id))

    def named(self, entries: Sequence[DeletedIndicator]) -> frozenset[int]:
        """Return the Indicators with live objects that match entries of the deleted list.

        They match by the keys of their summaries; Files match by any hash, as the list has the
        hashes at deletion, and the ledger those at the last reading.
        """
        digests: defaultdict[str, set[bytes]] = defaultdict(set)
        summaries: defaultdict[str, set[int]] = defaultdict(set)
        files: defaultdict[str, set[bytes]] = defaultdict(set)
        for entry in entries:
            if entry.type == IndicatorType.FILE:
                files[entry.owner_name] |= hash_digests(entry.summary)
            elif entry.type in set(IndicatorType):
                keys = keys_of_summary(IndicatorType(entry.type), entry.summary)
                digests[entry.owner_name] |= {key.digest for key in keys}
                summaries[entry.owner_name].add(summary_digest(entry.type, entry.summary))
        found: set[int] = set()
        with self._db.read() as connection:
            for name, wanted in (
                ('holders_by_digest', digests),
                ('holders_by_digest', files),
                ('holders_by_summary', summaries),
            ):
                for owner, items in wanted.items():
                    rows = select_in(connection, _SQL[name], sorted(items))
                    found |= {row['indicator_id'] for row in rows if row['owner_name'] == owner}
        for owner, hashes in files.items():
            found |= self._files_with(owner, hashes)
        return frozenset(found)

    def _files_with(self, owner: str, hashes: set[bytes]) -> set[int]:
        """Return an owner's Files with one of these hashes whose object another File may hold."""
        number = self._store.owners.known(owner)
        with self._db.read() as connection:
            rows = connection.execute(_SQL['files_that_share_hashes'], (number,))
            return {
                row['indicator_id']
                for row in rows
                if not hashes.isdisjoint(hash_digests(row['summary']))
            }

    def live_objects(self, indicator_ids: Sequence[int]) -> Mapping[int, Mapping[bytes, int]]:
        """Return the live objects of these Indicators, by Indicator id and key."""
        found: defaultdict[int, dict[bytes, int]] = defaultdict(dict)
        with self._db.read() as connection:
            rows = select_in(connection, _SQL['holders_by_indicator'], indicator_ids)
            for row in rows:
                found[row['indicator_id']][row['digest']] = row['id']
        return found

    def holders(self, digests: Sequence[bytes]) -> Mapping[bytes, Holder]:
        """Return the Indicators of live objects, by key."""
        with self._db.read() as connection:
            return {
                row['digest']: Holder(
                    indicator_id=row['indicator_id'], owner_name=row['owner_name']
                )
                for row in select_in(connection, _SQL['holders_by_digest'], digests)
            }

    def orphan_objects(self, lost: Mapping[int, int]) -> None:
        """Mark live objects as orphaned, given by object with the Indicator that has lost it."""
        with self._db.write() as transaction:
            orphan_lost(transaction, lost, late_for=None)

    def orphan_indicators(self, indicator_ids: Sequence[int]) -> int:
        """Mark the live objects of gone or inactive Indicators as orphaned; return their number."""
        with self._db.write() as transaction:
            return int(
                transaction.executemany(
                    _SQL['orphan_indicator'], [(item,) for item in indicator_ids]
                ).rowcount
            )

    def orphaned(
        self, update_id: str, *, now: dt.datetime, most_attempts: int
    ) -> tuple[tuple[ObjectKey, str], ...]:
        """Return key and summary of each live object that was orphaned when the update began."""
        with self._db.read() as connection:
            rows = connection.execute(
                _SQL['orphaned'], (millis(now), most_attempts, update_id)
            ).fetchall()
            return tuple((key_of_row(row), row['summary']) for row in rows)

    # -- withdrawing

    def unchosen(
        self,
        update_id: str,
        unwanted: Unwanted,
        *,
        now: dt.datetime,
        most_attempts: int,
    ) -> int:
        """Return the number of live objects that no Job of the update has chosen.

        Losses that the update found too late to search for do not count. The arguments are those of
        `next_unchosen`.
        """
        name = 'count_unchosen_orphans' if _only_orphans(unwanted) else 'count_unchosen'
        values = self._unchosen(update_id, unwanted, now=now, most_attempts=most_attempts)
        with self._db.read() as connection:
            return int(connection.execute(_SQL[name], values).fetchone()[0])

    def next_unchosen(
        self,
        update_id: str,
        unwanted: Unwanted,
        *,
        now: dt.datetime,
        most_attempts: int,
        after: int,
        limit: int,
    ) -> tuple[LiveObject, ...]:
        """Return a page of the live objects that no Job of the update has chosen, by ascending row.

        Args:
            update_id: the update.
            unwanted: the selection among them.
            now: the current time; expired objects are omitted.
            most_attempts: maximum earlier refusals of their withdrawal.
            after: the row after which the page begins.
            limit: maximum number of objects.
        """
        name = 'next_unchosen_orphans' if _only_orphans(unwanted) else 'next_unchosen'
        values = self._unchosen(update_id, unwanted, now=now, most_attempts=most_attempts)
        with self._db.read() as connection:
            rows = connection.execute(_SQL[name], {**values, 'after': after, 'limit': limit})
            return tuple(_held(row) for row in rows)

    def _unchosen(
        self, update_id: str, unwanted: Unwanted, *, now: dt.datetime, most_attempts: int
    ) -> dict[str, object]:
        return {
            'first_mark': self._store.marks.first(update_id),
            'now': millis(now),
            'most_attempts': most_attempts,
            'update_id': update_id,
            'are_orphans_meant': unwanted.are_orphans_meant,
            'are_all_meant': unwanted.are_all_meant,
            'kept': self._numbers(unwanted.kept),
            'withdrawn': self._numbers(unwanted.withdrawn),
        }

    def _numbers(self, query_ids: Collection[str]) -> str:
        numbers = (self._store.queries.known(query_id) for query_id in sorted(query_ids))
        return json.dumps([number for number in numbers if number is not None])

    def known_copies(self, digests: Sequence[bytes]) -> tuple[int, ...]:
        """Return the Indicators that hold these keys, or were refused for them, by ascending id."""
        with self._db.read() as connection:
            rows = select_in(connection, _SQL['known_copies'], digests)
            return tuple(sorted({row[0] for row in rows}))

    def held_by(self, query_id: str, indicator_ids: Sequence[int]) -> tuple[int, ...]:
        """Return the Indicators among these that a query holds, by ascending id."""
        with self._db.read() as connection:
            rows = select_in(connection, _SQL['held_by'], indicator_ids, (query_id,))
            return tuple(sorted(row[0] for row in rows))

    def found(self, update_id: str) -> frozenset[bytes]:
        """Return the chosen keys that the update has read."""
        with self._db.read() as connection:
            return frozenset(row[0] for row in connection.execute(_SQL['found'], (update_id,)))

    def present(
        self, update_id: str, digests: Sequence[bytes], *, now: dt.datetime
    ) -> frozenset[bytes]:
        """Return the keys among these with a live object, or one that the update withdraws."""
        values = (self._store.marks.first(update_id), millis(now))
        with self._db.read() as connection:
            rows = select_in(connection, _SQL['present'], digests, values)
            return frozenset(row[0] for row in rows)

    def live_of(
        self, update_id: str, digests: Sequence[bytes], *, now: dt.datetime
    ) -> tuple[LiveObject, ...]:
        """Return the live objects of these keys that the update has not withdrawn yet."""
        values = (self._store.marks.first(update_id), millis(now))
        with self._db.read() as connection:
            rows = select_in(connection, _SQL['live_of'], digests, values)
            return tuple(_held(row) for row in rows)

    def unconfirmed(self, update_id: str, *, most_attempts: int) -> tuple[LiveObject, ...]:
        """Return the unconfirmed withdrawals, except those that the update has repeated."""
        values = (self._store.marks.first(update_id), most_attempts)
        with self._db.read() as connection:
            rows = connection.execute(_SQL['unconfirmed'], values)
            return tuple(_unconfirmed(row) for row in rows)

    def add_revocations(self, revocations: Sequence[Revocation]) -> None:
        """Add withdrawals to the outbox, and their Indicators to the accounts, in one transaction.

        Those of Jobs that the running update no longer has are omitted.
        """
        numbers = self._store.jobs.numbers(item.request_id for item in revocations)
        places: Counter[int] = Counter()
        rows: list[tuple[object, ...]] = []
        with self._db.write() as transaction:
            # The update may have been stopped and ended since the caller checked.
            known = {
                job: found['next_place']
                for job in {numbers[item.request_id] for item in revocations}
                if (found := transaction.execute(_SQL['known_job'], (job,)).fetchone()) is not None
            }
            accounts = Accounts(transaction)
            ids = sorted({item.held.indicator_id for item in revocations})
            several = {row[0] for row in select_in(transaction, _SQL['with_several_objects'], ids)}
            for item in revocations:
                job = numbers[item.request_id]
                if job not in known:
                    continue
                outbox_id = outbox.outbox_id(job, known[job] + places[job])
                places[job] += 1
                if item.held.unconfirmed is None:
                    transaction.execute(_SQL['choose'], (job, outbox_id, item.held.object))
                else:
                    transaction.execute(_SQL['repeat'], (job, item.held.unconfirmed))
                is_alone = item.held.unconfirmed is None and item.held.indicator_id not in several
                account = _open(accounts, job, item.held.indicator_id, is_alone=is_alone)
                rows.append(_outbox_row(item, outbox_id=outbox_id, job=job, account=account))
            outbox.add(transaction, rows)
            for job, count in places.items():
                accounts.add(job, 'waiting', count)
                transaction.execute(_SQL['added'], (count, count, job))
            accounts.store()
            # The Job may have been stopped since the caller checked.
            fail_where_stopped(transaction, known)

    def close(self, update_id: str, *, held_back: int, warning: str | None = None) -> None:
        """Close the update's withdrawals, so that its Jobs can end.

        Args:
            update_id: the update.
            held_back: number of withdrawals that need a person's confirmation.
            warning: a warning for people, in addition to that of the search.
        """
        with self._db.write() as transaction:
            transaction.execute(_SQL['warn'], (warning, held_back, update_id))
            transaction.execute(_SQL['close'], (update_id,))
            transaction.execute(_SQL['forget_searches'], (update_id,))


def _only_orphans(unwanted: Unwanted) -> bool:
    return unwanted.are_orphans_meant and not unwanted.are_all_meant and not unwanted.withdrawn


def _open(accounts: Accounts, job: int, indicator_id: int, *, is_alone: bool) -> Account:
    """Add the Indicator of a withdrawn object to the Job's account, unless it is there.

    Args:
        accounts: the accounts of the transaction.
        job: the withdrawing Job.
        indicator_id: the Indicator.
        is_alone: whether nothing else of the Indicator can be withdrawn.
    """
    if accounts.row(job, indicator_id) is not None:
        accounts.change(job, indicator_id, waiting=1)
    elif is_alone:
        accounts.add(job, 'open')
        return Account.INDICATOR
    else:
        accounts.open_row(job, indicator_id, OutcomeRow(base='duplicate', waiting=1))
    return Account.ROW


def _outbox_row(
    item: Revocation, *, outbox_id: int, job: int, account: Account
) -> tuple[object, ...]:
    held = item.held
    return (
        *(outbox_id, job, held.object, None, False, True, account, held.unconfirmed),
        *(held.generation, held.query, held.owner, held.indicator_id, held.siblings),
        *(held.created, item.modified, item.valid_until, held.source_modified),
        *(held.content_hash, held.fingerprint, held.confidence, held.summary_digest, None),
        *(held.summary, held.value, len(item.text), pack(item.text)),
    )


def _held(row: sqlite3.Row) -> LiveObject:
    return LiveObject(
        object=row['id'],
        unconfirmed=None,
        generation=row['generation'],
        query=row['query'],
        query_id=row['query_id'],
        owner=row['owner'],
        indicator_id=row['indicator_id'],
        siblings=row['siblings'],
        created=row['created'],
        modified=row['modified'],
        source_modified=row['source_modified'],
        content_hash=row['content_hash'],
        fingerprint=row['fingerprint'],
        confidence=row['confidence'],
        summary_digest=row['summary_digest'],
        summary=row['summary'],
        value=row['value'],
        text=unpack(row['body']),
    )


def _unconfirmed(row: sqlite3.Row) -> LiveObject:
    return LiveObject(
        object=row['object'],
        unconfirmed=row['id'],
        generation=row['generation'],
        query=row['query'],
        query_id=row['query_id'],
        owner=row['owner'],
        indicator_id=row['indicator_id'],
        siblings=row['siblings'],
        created=row['created'],
        modified=row['modified'],
        source_modified=row['modified'],
        content_hash=b'',
        fingerprint=b'',
        confidence=None,
        summary_digest=None,
        summary=row['summary'],
        value=None,
        text=unpack(row['body']),
    )
