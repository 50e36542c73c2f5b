"""Judges each object that Sentinel takes: is it worse than the copy that it held before?

At no time does Sentinel hold a worse copy of a value than it held before, unless the better one is
gone. It is told of what happens as it happens, and knows nothing of the App: a copy is told by the
address of its Indicator in the object's description.

Where the App could not have known better, or nobody can tell which query holds a copy, the copy
held counts for less than it may be worth, so what is found is a fault indeed.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sentinel_app.core.query import Query
from tests.harness.expectation import patterns
from tests.simulators.threatconnect import Store

Stix = Mapping[str, Any]

_ID = re.compile(r'/indicators/(\d+)/')


@dataclass(slots=True, kw_only=True)
class Copy:
    """What is known of the copy of a value that Sentinel holds."""

    row_id: int
    name: str
    modified_at: str
    """`lastModified` as the App knows it for sure: as it was sent, or read by a whole update."""
    valid_until_at: dt.datetime
    holders: frozenset[str]
    """Queries that return it, of which one holds it as far as can be told, by id."""
    all_holders: frozenset[str]
    """Those, and the ones that may hold it though they return it no more."""
    has_lapsed: bool = False
    """Whether it has been gone at any moment since it was sent, or since everything was read."""


@dataclass(slots=True, kw_only=True)
class _Update:
    query_ids: frozenset[str]
    touched: set[int] = field(default_factory=set)
    is_list_edited: bool = False


class Ranking:
    """Which copy of each value Sentinel holds, and the faults found on the way.

    Args:
        store: what ThreatConnect holds.
        queries: gives the saved list, highest precedence first.
        may_be_sent: whether the inputs let a row be sent.
        is_refused: whether Sentinel refuses a copy now, told by pattern and name.
    """

    def __init__(
        self,
        store: Store,
        queries: Callable[[], Sequence[Query]],
        may_be_sent: Callable[[Mapping[str, Any]], bool],
        is_refused: Callable[[str, str], bool] = lambda pattern, name: False,
    ) -> None:
        self._store = store
        self._queries = queries
        self._may_be_sent = may_be_sent
        self._is_refused = is_refused
        self._held: dict[str, Copy] = {}
        self._update: _Update | None = None
        self.faults: list[str] = []
        self.judged = 0
        """How often a copy took the place of another one that was still live."""

    def fork(self) -> Ranking:
        """Return another one that goes on from here by itself."""
        other = Ranking(self._store, self._queries, self._may_be_sent, self._is_refused)
        other._held = {pattern: replace(copy) for pattern, copy in self._held.items()}
        return other

    # -- what happens

    def begin(self, query_ids: Collection[str]) -> None:
        """An update of these queries is asked for."""
        self._update = _Update(query_ids=frozenset(query_ids))

    def touch(self, row_id: int) -> None:
        """A row of ThreatConnect has just been added, changed or taken away."""
        if self._update is not None:
            self._update.touched.add(row_id)
        self._lapse(copy for copy in self._held.items() if copy[1].row_id == row_id)

    def edit(self) -> None:
        """The list of queries has just been saved."""
        if self._update is not None:
            self._update.is_list_edited = True
        self._lapse(self._held.items())

    def take(self, stix: Stix) -> None:
        """Sentinel has just taken an object."""
        pattern = str(stix['pattern'])
        if stix.get('revoked'):
            self._held.pop(pattern, None)
            return
        taken = self._copy(pattern, stix)
        held = self.held(pattern)
        if held is not None and held.row_id != taken.row_id:
            self.judged += 1
            self._judge(pattern, held, taken)
        if held is not None and held.row_id == taken.row_id:
            taken.modified_at = max(taken.modified_at, held.modified_at)
            # What has changed of it may have been sent for the query that holds it.
            taken.all_holders |= held.all_holders
        self._held[pattern] = taken

    def end(
        self, *, is_whole: bool, is_everything_read: bool, in_doubt: Collection[str] = ()
    ) -> None:
        """The update has ended.

        Args:
            is_whole: all its Jobs went well, nobody changed anything meanwhile, and it was one of
                all queries.
            is_everything_read: it was no delta.
            in_doubt: values that Sentinel refuses, of which the App knows what it could not send.
        """
        update = self._update
        is_noisy = update is None or update.is_list_edited or bool(update.touched)
        for pattern, copy in self._held.items():
            matching = self.matching(copy.row_id)
            is_known = is_whole and pattern not in in_doubt
            if is_known and is_everything_read and self._is_sound(pattern, copy.row_id):
                copy.holders = copy.all_holders = frozenset(matching[:1])
                copy.has_lapsed = not matching
            else:
                # Which of them took it, or took it over, nobody can tell.
                copy.holders |= frozenset(matching)
                copy.all_holders |= copy.holders
            if update is not None and (is_noisy or not is_whole):
                copy.all_holders |= update.query_ids
            row = self._store.get(copy.row_id)
            if is_known and row is not None and not copy.has_lapsed:
                copy.modified_at = max(copy.modified_at, row['lastModified'])
        self._update = None

    # -- what is known

    def held(self, pattern: str) -> Copy | None:
        """Return the copy that Sentinel believes now."""
        copy = self._held.get(pattern)
        return None if copy is None or copy.valid_until_at <= self._store.now() else copy

    def best_position(self, copy: Copy) -> int | None:
        """Return the highest position that the query of a copy may have; None if it has none."""
        return min(self._positions(copy.all_holders), default=None)

    # -- inside

    def _copy(self, pattern: str, stix: Stix) -> Copy:
        row_id = row_id_of(stix)
        update = self._update
        matching = [
            query_id
            for query_id in self.matching(row_id)
            if update is None or query_id in update.query_ids
        ]
        is_noisy = update is not None and row_id in update.touched
        return Copy(
            row_id=row_id,
            name=str(stix['name']),
            modified_at=f'{dt.datetime.fromisoformat(stix["valid_from"]):%Y-%m-%dT%H:%M:%SZ}',
            valid_until_at=dt.datetime.fromisoformat(stix['valid_until']),
            holders=frozenset(matching),
            all_holders=frozenset(matching),
            has_lapsed=is_noisy or not matching or not self._is_sound(pattern, row_id),
        )

    def _judge(self, pattern: str, held: Copy, taken: Copy) -> None:
        update = self._update
        if update is None or update.is_list_edited or taken.row_id in update.touched:
            return
        is_gone = held.has_lapsed or not self._is_sound(pattern, held.row_id)
        # That Sentinel took an earlier version of it the App may not know, for lack of an answer.
        is_gone |= self._is_refused(pattern, held.name)
        old, new = self._positions(held.holders), self._positions(taken.holders)
        if is_gone or not old or not new:
            return
        # The worst that the one held may be worth, and the best that the other one may be.
        was, comes = max(old), min(new)
        is_later = (taken.modified_at, -taken.row_id) > (held.modified_at, -held.row_id)
        if was < comes or (was == comes and not is_later):
            self.faults.append(
                f'{pattern}: {taken.name} (query {comes + 1}, {taken.modified_at},'
                f' #{taken.row_id}) took the place of the better {held.name}'
                f' (query {was + 1}, {held.modified_at}, #{held.row_id})'
            )

    def _lapse(self, copies: Iterable[tuple[str, Copy]]) -> None:
        """Remember which copies are gone at this moment, or no longer match a query of theirs."""
        for pattern, copy in copies:
            is_held = copy.holders and copy.holders.issubset(self.matching(copy.row_id))
            if not is_held or not self._is_sound(pattern, copy.row_id):
                copy.has_lapsed = True

    def _is_sound(self, pattern: str, row_id: int) -> bool:
        """Whether an Indicator is there, has the value, and may be sent."""
        row = self._store.get(row_id)
        return (
            row is not None
            and row['active']
            and row.get('externalDateExpires', '9') > self._store.now_text()
            and self._may_be_sent(row)
            and pattern in dict(patterns(row))
        )

    def matching(self, row_id: int) -> list[str]:
        """Return the saved queries that return a row, by id, the highest first."""
        row = self._store.get(row_id)
        if row is None:
            return []
        return [
            query.id
            for query in self._queries()
            if row['ownerName'] in query.owners
            and row['type'] in query.indicator_types
            and (not query.tql or self._store.rows(f'({query.tql}) and id = {row_id}'))
        ]

    def _positions(self, query_ids: Collection[str]) -> list[int]:
        return [position for position, query in enumerate(self._queries()) if query.id in query_ids]


def row_id_of(stix: Stix) -> int:
    """Return the id of the Indicator that an object was made of."""
    link = json.loads(stix['description'])['webLink']
    found = _ID.search(link)
    assert found is not None, link
    return int(found[1])
