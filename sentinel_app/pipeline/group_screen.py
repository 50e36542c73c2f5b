"""Screening of the Groups in raw rows: only those that may be named are left in them.

A Group has TLP labels of its own. Its name stands in an Indicator's description, so a Group above
the highest level to send is removed from the rows as they are read, before anything sees them.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sentinel_app.core.clock import Clock
from sentinel_app.core.indicator import Owner, TqlKeyword
from sentinel_app.core.question import Question
from sentinel_app.core.source import DeletedPage, LabeledSource, SourcePage
from sentinel_app.core.tlp import Tlp, are_above

VALID_FOR_S: Final = 600.0
"""Seconds for which it is known whether a Group may be named, as its labels may be changed."""

MOST_KNOWN: Final = 200_000
"""Maximum Groups that are known at once."""

_GROUPS: Final = 'associatedGroups'

Row = Mapping[str, object]


class KnownGroups:
    """Groups of which it is known whether they may be named; for some time, and from any thread.

    Args:
        clock: the clock of the cache.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[int, tuple[float, bool]] = {}
        """Until when, and whether it may be named; those that were added first come first."""

    def find(self, ids: Iterable[int]) -> dict[int, bool]:
        """Return for each of these Groups that is known whether it may be named."""
        with self._lock:
            self._forget()
            return {number: self._known[number][1] for number in ids if number in self._known}

    def add(self, groups: Mapping[int, bool]) -> None:
        """Record for each of these Groups whether it may be named."""
        until = self._clock.monotonic() + VALID_FOR_S
        entries = {may_be_named: (until, may_be_named) for may_be_named in (False, True)}
        with self._lock:
            for number, may_be_named in groups.items():
                # A new place at the end, as the entry is valid for the longest now.
                self._known.pop(number, None)
                self._known[number] = entries[may_be_named]
            self._forget()

    def _forget(self) -> None:
        now, excess = self._clock.monotonic(), len(self._known) - MOST_KNOWN
        gone: list[int] = []
        for number, (until, _) in self._known.items():
            if len(gone) >= excess and until > now:
                break
            gone.append(number)
        for number in gone:
            del self._known[number]


class GroupScreen:
    """Implements `Source` over another one: its rows have only Groups that may be named.

    A Group is removed if its labels are above the highest level, if ThreatConnect does not return
    it, and if its labels are not in the response.

    Args:
        source: ThreatConnect.
        highest: the highest level to send.
        known: the Groups that are known; other screens with the same level may share them.
    """

    def __init__(self, source: LabeledSource, *, highest: Tlp, known: KnownGroups) -> None:
        self._source = source
        self._highest = highest
        self._known = known

    def read_page(self, question: Question, *, limit: int) -> SourcePage:
        """Return up to `limit` matching rows in ascending order of id.

        Raises:
            SentinelAppError: as raised by the source, for the rows or for the labels of Groups.
        """
        return self._screened(self._source.read_page(question, limit=limit))

    def read_window(self, question: Question, *, limit: int, offset: int) -> SourcePage:
        """Return up to `limit` matching rows in any order, starting at `offset`.

        Raises:
            SentinelAppError: as for `read_page`.
        """
        return self._screened(self._source.read_window(question, limit=limit, offset=offset))

    def count(self, question: Question) -> tuple[int, dt.datetime]:
        """Return the number of matching Indicators and the server's own time."""
        return self._source.count(question)

    def verify(self, question: Question) -> None:
        """Send the question restricted so that nothing can match."""
        self._source.verify(question)

    def deleted(
        self, owner: str, *, since: dt.datetime | None, start: int, limit: int
    ) -> DeletedPage:
        """Return a page of an owner's deleted Indicators, which have no Groups."""
        return self._source.deleted(owner, since=since, start=start, limit=limit)

    def owners(self) -> tuple[Owner, ...]:
        """Return the owners whose Indicators the API user can read."""
        return self._source.owners()

    def keywords(self) -> tuple[TqlKeyword, ...]:
        """Return the TQL keywords for Indicators of this instance."""
        return self._source.keywords()

    def _screened(self, page: SourcePage) -> SourcePage:
        ids = {
            number
            for row in page.rows
            for group in _groups(row) or ()
            if (number := _group_id(group)) is not None
        }
        nameable = self._nameable(ids)
        return replace(page, rows=tuple(_with_groups(row, nameable) for row in page.rows))

    def _nameable(self, ids: Collection[int]) -> frozenset[int]:
        """Return which of these Groups may be named."""
        found = self._known.find(ids)
        unknown = sorted(number for number in ids if number not in found)
        if unknown:
            labels = self._source.group_labels(unknown)
            asked = {
                number: number in labels and not are_above(labels[number], self._highest)
                for number in unknown
            }
            self._known.add(asked)
            found |= asked
        return frozenset(number for number, may_be_named in found.items() if may_be_named)


def _groups(row: Row) -> Sequence[object] | None:
    """Return the Groups of a row; None if it has none in a known form."""
    collection = row.get(_GROUPS)
    elements = collection.get('data') if isinstance(collection, dict) else None
    return elements if isinstance(elements, list) else None


def _group_id(group: object) -> int | None:
    number = group.get('id') if isinstance(group, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _with_groups(row: Row, nameable: Collection[int]) -> Row:
    """Return a row with only these of its Groups; where all are left, the row itself."""
    if not row.get(_GROUPS):
        return row
    groups = _groups(row) or ()
    kept = [group for group in groups if _group_id(group) in nameable]
    if kept and len(kept) == len(groups):
        return row
    # Without a count, which would tell of the others. ThreatConnect gives `{}` where there is none.
    return {**row, _GROUPS: {'data': kept} if kept else {}}
