"""Commit of a converted page in one transaction."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from sentinel_app.core.containment import container_digest
from sentinel_app.core.context_outbox import AssociatedCopy
from sentinel_app.core.job import Outcome
from sentinel_app.core.ledger_row import kind_number, millis
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.outbox import ChosenObject, Conversion, Fate
from sentinel_app.core.timestamp import to_millis
from sentinel_app.storage import outbox, taken_up
from sentinel_app.storage.accounts import Account, Accounts, LiveChanges, OutcomeRow, hour_of
from sentinel_app.storage.associations import store_associations
from sentinel_app.storage.error_log import insert_errors
from sentinel_app.storage.packing import pack
from sentinel_app.storage.statements import statements

_SQL: Final = statements('page_commit')
_COLUMNS: Final = {Fate.SEND: 'waiting', Fate.UNCHANGED: 'unchanged', Fate.REFUSED: 'refused'}


class PageCommit:
    """Stores the conversion of a page inside the caller's transaction.

    Args:
        transaction: the caller's transaction.
        conversion: the conversion to store.
        query: the number of the Job's query.
        owners: the numbers of the objects' owners.
        next_object: the number of the next ledger row; None if not known yet.
    """

    def __init__(
        self,
        transaction: sqlite3.Connection,
        conversion: Conversion,
        *,
        query: int,
        owners: Mapping[str, int],
        next_object: int | None,
    ) -> None:
        self._transaction = transaction
        self._conversion = conversion
        self._accounts = Accounts(transaction)
        self._job = conversion.job
        self._query = query
        self._owners = owners
        if next_object is None:
            next_object = transaction.execute(_SQL['last_object']).fetchone()[0] + 1
        self.next_object = next_object

    def store(self, at: dt.datetime) -> None:
        """Store the page; nothing if its Job is gone."""
        transaction, job = self._transaction, self._job
        state = transaction.execute(_SQL['next_place'], (job,)).fetchone()
        if state is None:
            return
        if state['is_stopped']:
            self._conversion = _of_stopped(self._conversion)
        else:
            self._conversion = _kept_for_confirmation(transaction, self._conversion)
        conversion = self._conversion
        self._take_up(is_repeating=state['is_repeating'])
        self._store_objects(state['next_place'])
        transaction.executemany(
            _SQL['see'], [(job, item.source_modified, item.object) for item in conversion.seen]
        )
        transaction.executemany(
            _SQL['add_alternate'], [(job, *item) for item in conversion.alternates]
        )
        transaction.executemany(
            _SQL['pass_over'],
            [(job, item, self._query, number) for item, number in conversion.passed_over],
        )
        transaction.executemany(_SQL['dismiss'], [(job, item) for item in conversion.dismissed])
        transaction.executemany(_SQL['find'], [(job, item) for item in conversion.found])
        orphan_lost(transaction, conversion.lost, late_for=conversion.late_for)
        insert_errors(transaction, conversion.errors)
        self._move_on(at)
        self._accounts.store()

    def _move_on(self, at: dt.datetime) -> None:
        """Count the objects, and store the position at which reading continues."""
        conversion, job, place = self._conversion, self._job, self._conversion.page.place
        chosen = len(conversion.objects) + len(conversion.seen)
        sent = sum(item.fate is Fate.SEND for item in conversion.objects)
        self._accounts.add(job, 'waiting', sent)
        self._transaction.execute(
            _SQL['converted'], (to_millis(at), chosen, conversion.shortened, sent, job)
        )
        self._transaction.execute(
            _SQL['move_place'],
            (
                *(place.number, place.last_id),
                millis(place.read_until) if place.read_until else None,
                *(place.page_size, job, place.is_by_time),
            ),
        )

    def _take_up(self, *, is_repeating: bool) -> None:
        """Add the Indicators of the page to the Job's account."""
        job, conversion, accounts = self._job, self._conversion, self._accounts
        ids = list(conversion.outcomes)
        if is_repeating:
            taken_up.add(self._transaction, job, ids)
        elif ids:
            self._transaction.execute(_SQL['add_page_ids'], (job, taken_up.packed_ids(ids)))
        for indicator_id, outcome in conversion.outcomes.items():
            fates = conversion.kept.get(indicator_id)
            if fates is None:
                accounts.add(job, 'open' if outcome is None else outcome)
                continue
            base = Outcome.DUPLICATE if fates or outcome is None else outcome
            row = OutcomeRow(base=base)
            for fate in fates:
                setattr(row, _COLUMNS[fate], getattr(row, _COLUMNS[fate]) + 1)
            accounts.open_row(job, indicator_id, row)
        for indicator_id, fates in conversion.again.items():
            for fate in fates:
                accounts.change(job, indicator_id, **{_COLUMNS[fate]: 1})

    def _store_objects(self, first_place: int) -> None:
        """Mark the chosen objects, and add those to send to the outbox."""
        job, conversion, place = self._job, self._conversion, first_place
        new: list[tuple[object, ...]] = []
        rows: list[tuple[object, ...]] = []
        chosen: list[tuple[object, ...]] = []
        for item in conversion.objects:
            waits_for, is_unacknowledged = None, False
            if item.replaces:
                waits_for, is_unacknowledged = self._displace(item)
            outbox_id = None
            if item.fate is Fate.SEND:
                outbox_id = outbox.outbox_id(job, place)
                place += 1
            owner = self._owners[item.owner_name]
            if item.object is None:
                item.object = self.next_object
                self.next_object += 1
                new.append(_new_ledger_row(item, self._query, owner, job, outbox_id))
            elif item.fate is Fate.UNCHANGED:
                self._keep(item, owner)
            else:
                chosen.append((job, outbox_id, item.object))
            if outbox_id is not None:
                account = (
                    Account.ROW
                    if item.indicator_id in conversion.kept or item.indicator_id in conversion.again
                    else Account.INDICATOR
                )
                rows.append(
                    _outbox_row(
                        item,
                        outbox_id=outbox_id,
                        job=job,
                        query=self._query if item.holder is None else item.holder,
                        owner=owner,
                        account=account,
                        waits_for=waits_for,
                        is_unacknowledged=is_unacknowledged,
                    )
                )
        self._store_associations()
        self._transaction.executemany(_SQL['add_ledger_row'], new)
        self._transaction.executemany(_SQL['choose'], chosen)
        outbox.add(self._transaction, rows)
        self._transaction.executemany(
            _SQL['refuse_again'],
            [
                (job, item.source_modified, item.object, self._query, item.indicator_id)
                for item in conversion.objects
                if item.fate is Fate.REFUSED
            ],
        )

    def _store_associations(self) -> None:
        copies = [
            AssociatedCopy(
                object=item.object,
                owner=self._owners[item.owner_name],
                generation=item.generation,
                tlp=item.tlp,
                groups=item.groups,
            )
            for item in self._conversion.objects
            if item.object is not None and item.groups is not None
        ]
        if copies:
            store_associations(self._transaction, self._job, copies)

    def _keep(self, item: ChosenObject, owner: int) -> None:
        """Record that an object stays unchanged in Sentinel, and its new copy."""
        transaction, query = self._transaction, self._query
        if item.is_moved:
            live = LiveChanges()
            kind = kind_number(item.key)
            held = transaction.execute(_SQL['held_by'], (item.object,)).fetchone()
            if held is not None:
                hour = hour_of(held['valid_until'])
                live.add(held['query'], held['owner'], kind, hour, -1)
                live.add(query, owner, kind, hour, 1)
                live.store(transaction)
            transaction.execute(
                _SQL['keep_summary'], (item.summary, _value(item.key, item.summary), item.object)
            )
        transaction.execute(
            _SQL['keep'],
            (
                *(self._job, query, owner, item.indicator_id, item.siblings, item.source_modified),
                *(item.fingerprint, item.object),
            ),
        )
        if item.is_orphaned:
            transaction.execute(_SQL['adopt'], (item.object,))

    def _displace(self, item: ChosenObject) -> tuple[int | None, bool]:
        """Displace the copy that the same Job chose for the object before.

        Returns:
            The in-flight version that the new one has to wait for, as two requests may arrive in
            either order; and whether Sentinel may have an unacknowledged version.
        """
        transaction, job, accounts = self._transaction, self._job, self._accounts
        before = transaction.execute(_SQL['chosen_before'], (item.object,)).fetchone()
        if before['refused_indicator_id'] is not None:
            transaction.execute(_SQL['pass_over_chosen'], (item.object, job))
            self._make_duplicate(before['refused_indicator_id'], Outcome.REFUSED)
            # A copy in flight lost the object to the refused one.
            return before['outbox'], False
        if before['outbox'] is not None:
            indicator_id = before['outbox_indicator_id']
            accounts.settle(job, indicator_id, before['account'], Outcome.DUPLICATE)
            # Its earlier refusals are still valid.
            transaction.execute(_SQL['pass_over'], (job, item.object, self._query, indicator_id))
            if before['is_in_flight']:
                transaction.execute(_SQL['displace'], (before['outbox'],))
                return before['outbox'], False
            accounts.add(job, 'waiting', -1)
            if item.fate is not Fate.SEND:
                outbox.remove_for_nothing(transaction, before['outbox'])
                return None, False
            outbox.remove(transaction, item.object, before['outbox'])
            return before['waits_for'], bool(before['is_unacknowledged'])
        if before['job'] != job:
            self._make_duplicate(before['indicator_id'], Outcome.UNCHANGED)
            return None, False
        self._make_duplicate(before['indicator_id'], Outcome.SENT)
        if item.fate is Fate.UNCHANGED:
            # What the Job has sent belongs to this copy from now on.
            self._change(item.indicator_id, Outcome.UNCHANGED, Outcome.SENT)
        return None, False

    def _make_duplicate(self, indicator_id: int, result: Outcome) -> None:
        """Make a settled object a duplicate in the account of its Indicator."""
        if self._accounts.row(self._job, indicator_id) is not None:
            self._accounts.change(self._job, indicator_id, **{str(result): -1})
        else:
            self._change(indicator_id, result, Outcome.DUPLICATE)

    def _change(self, indicator_id: int, before: Outcome, after: Outcome) -> None:
        """Change the outcome of an object."""
        accounts, job = self._accounts, self._job
        if accounts.row(job, indicator_id) is not None:
            accounts.change(job, indicator_id, **{str(before): -1, str(after): 1})
        else:
            accounts.add(job, before, -1)
            accounts.add(job, after)


def orphan_lost(
    transaction: sqlite3.Connection, lost: Mapping[int, int], *, late_for: str | None
) -> None:
    """Mark live objects as orphaned that their Indicators have lost, in the caller's transaction.

    Args:
        transaction: the caller's transaction.
        lost: the Indicators' ids by object; objects of other Indicators by now are unchanged.
        late_for: the update that can no longer search every query for these values.
    """
    transaction.executemany(
        _SQL['orphan'], [(late_for, item, indicator_id) for item, indicator_id in lost.items()]
    )


def _kept_for_confirmation(transaction: sqlite3.Connection, conversion: Conversion) -> Conversion:
    """Keep outcome rows of Indicators whose withdrawal the update will repeat."""
    unconfirmed = {row[0] for row in transaction.execute(_SQL['unconfirmed_indicators'])}
    more = unconfirmed & conversion.outcomes.keys() - conversion.kept.keys()
    if not more:
        return conversion
    fates: dict[int, list[Fate]] = {number: [] for number in more}
    for item in conversion.objects:
        if item.indicator_id in more:
            fates[item.indicator_id].append(item.fate)
    for number, found in fates.items():
        outcome = conversion.outcomes[number]
        if not found and outcome in {Outcome.UNCHANGED, Outcome.REFUSED}:
            # Its only object was recognized, or yields because Sentinel refuses it.
            found.append(Fate(outcome))
    return replace(conversion, kept={**conversion.kept, **fates})


def _of_stopped(conversion: Conversion) -> Conversion:
    """Return the reduced conversion of a page whose Job was stopped meanwhile.

    Earlier choices may have failed since, so nothing may replace them.
    """
    outcomes = {
        number: Outcome.FAILED if outcome is None else outcome
        for number, outcome in conversion.outcomes.items()
    }
    return replace(
        conversion,
        outcomes=outcomes,
        objects=(),
        seen=(),
        alternates=(),
        kept={},
        again={},
        passed_over=(),
    )


def _new_ledger_row(
    item: ChosenObject, query: int, owner: int, job: int, outbox_id: int | None
) -> tuple[object, ...]:
    return (
        *(item.object, item.key.digest, kind_number(item.key), query, job, owner),
        *(item.indicator_id, item.siblings, item.created, item.modified, item.valid_until),
        *(item.source_modified, job, outbox_id, container_digest(item.key)),
    )


def _outbox_row(
    item: ChosenObject,
    *,
    outbox_id: int,
    job: int,
    query: int,
    owner: int,
    account: Account,
    waits_for: int | None,
    is_unacknowledged: bool,
) -> tuple[object, ...]:
    text = item.text or b''
    return (
        *(outbox_id, job, item.object, waits_for, is_unacknowledged, False, account, None),
        *(item.generation, query, owner, item.indicator_id, item.siblings, item.created),
        *(item.modified, item.valid_until, item.source_modified, item.content_hash),
        *(item.fingerprint, item.confidence, item.summary_digest, item.sort_value, item.summary),
        *(_value(item.key, item.summary), len(text), pack(text)),
    )


def _value(key: ObjectKey, summary: str) -> str | None:
    """Return the value of a key, if it differs from the summary."""
    return None if key.value == summary else key.value
