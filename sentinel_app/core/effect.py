"""What saving a list of TQL queries would change in Sentinel, as far as that can be told before."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sentinel_app.core.overlap import covering, higher_of
from sentinel_app.core.query import Query, WithdrawPolicy
from sentinel_app.core.upload_limits import MAX_OBJECTS, WINDOW_S


class Change(StrEnum):
    """What a save does to one query."""

    ADDED = 'added'
    EDITED = 'edited'
    ENABLED = 'enabled'
    DISABLED = 'disabled'
    DELETED = 'deleted'
    KEPT = 'kept'


_SELECTS_ANEW = frozenset({Change.ADDED, Change.EDITED, Change.ENABLED})
_GONE = frozenset({Change.DISABLED, Change.DELETED})
_LETS_GO = frozenset({Change.EDITED, *_GONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What Sentinel has because of a query."""

    objects: int = 0
    until: dt.datetime | None = None
    """When the last of them expires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many Indicators a query returns now, or why that could not be counted."""

    count: int | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryEffect:
    """What a save changes for one query. Numbers of objects are estimates."""

    query: Query
    position: int | None
    """None where it is deleted."""
    change: Change
    held: Held
    counted: Counted = Counted()
    more: int | None = 0
    """Objects that Sentinel has not; None where nobody could count."""
    fewer: int | None = 0
    """Objects that are withdrawn."""
    stays: int = 0
    """Objects that nobody renews any more and that stay until they expire."""
    may_gain: int = 0
    """Objects that higher queries let go, and that this one may take over."""
    taken_over_by: tuple[str, ...] = ()
    """Other enabled queries that return all that it returns: nothing of it gets lost or is new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a save changes in all."""

    queries: tuple[QueryEffect, ...]
    """Those of the new list in their order, then those that are deleted."""
    full_objects: int | None
    """How many objects a full update sends; None where nobody could count."""

    @property
    def more(self) -> int:
        """Objects that Sentinel has not, as far as they could be counted."""
        return sum(each.more or 0 for each in self.queries)

    @property
    def fewer(self) -> int:
        """Objects that are withdrawn, as far as they could be counted."""
        return sum(each.fewer or 0 for each in self.queries)

    @property
    def stays(self) -> int:
        """Objects that stay until they expire."""
        return sum(each.stays for each in self.queries)

    @property
    def is_complete(self) -> bool:
        """Whether everything could be counted."""
        return all(each.more is not None for each in self.queries)


def changes(old: Sequence[Query], new: Sequence[Query]) -> list[tuple[Query, Change]]:
    """Return what a save does to each query: those of the new list, then those deleted."""
    before = {query.id: query for query in old}
    after = {query.id for query in new}
    found = [(query, _change(before.get(query.id), query)) for query in new]
    return found + [(query, Change.DELETED) for query in old if query.id not in after]


def queries_to_count(
    old: Sequence[Query], new: Sequence[Query], held: Mapping[str, Held]
) -> list[Query]:
    """Return the queries that ThreatConnect has to be asked for: how many Indicators they return.

    These are what the save adds, edits or enables, and what may take over objects of others.

    Args:
        old: the list as it is, highest precedence first.
        new: the list as it would be.
        held: by the id of the query.
    """
    gains = _gains(old, new, held)
    return [
        query
        for query, change in changes(old, new)
        if change in _SELECTS_ANEW or (change is Change.KEPT and query.id in gains)
    ]


def _gains(
    old: Sequence[Query], new: Sequence[Query], held: Mapping[str, Held]
) -> Mapping[str, int]:
    """Return, by query, how many objects it may take over of those that stood above it."""
    changed = {query.id: change for query, change in changes(old, new)}
    enabled = [query for query in old if query.is_enabled]
    gains = {
        query.id: sum(
            held.get(each.id, Held()).objects
            for each in enabled[:place]
            if changed[each.id] in _LETS_GO
            and not set(each.indicator_types).isdisjoint(query.indicator_types)
        )
        for place, query in enumerate(enabled)
    }
    return {query_id: count for query_id, count in gains.items() if count}


def _change(old: Query | None, new: Query) -> Change:
    if old is None:
        return Change.ADDED if new.is_enabled else Change.KEPT
    if old.is_enabled != new.is_enabled:
        return Change.ENABLED if new.is_enabled else Change.DISABLED
    is_other = old.selection != new.selection and new.is_enabled
    return Change.EDITED if is_other else Change.KEPT


def effect(
    old: Sequence[Query],
    new: Sequence[Query],
    *,
    held: Mapping[str, Held],
    counts: Mapping[str, Counted],
    policy: WithdrawPolicy,
    withdrawn: Collection[str],
) -> Effect:
    """Return what saving `new` in place of `old` would change.

    What two queries have in common is known only where one covers the other, so the numbers are
    upper bounds of what is new; and a File is one Indicator, but has an object for each hash.

    Args:
        old: the list as it is, highest precedence first.
        new: the list as it would be.
        held: by the id of the query.
        counts: of those of `queries_to_count`.
        policy: which Indicators are withdrawn.
        withdrawn: deleted queries whose objects are to be withdrawn.
    """
    rules = _Rules(
        before=tuple(query for query in old if query.is_enabled),
        after=tuple(query for query in new if query.is_enabled),
        higher=higher_of(new),
        drops_unmatched=policy is WithdrawPolicy.DELETED_OR_NO_LONGER_MATCHING,
        withdrawn=withdrawn,
    )
    places = {query.id: place for place, query in enumerate(new)}
    gains = _gains(old, new, held)
    found = tuple(
        rules.effect(
            QueryEffect(
                query=query,
                position=places.get(query.id),
                change=change,
                held=held.get(query.id, Held()),
                counted=counts.get(query.id, Counted()),
                may_gain=gains.get(query.id, 0),
            )
        )
        for query, change in changes(old, new)
    )
    return Effect(queries=found, full_objects=_full_objects(found))


def seconds_for(objects: int, requests_per_minute: int) -> float:
    """Return how long sending so many objects takes under the API limit."""
    return math.ceil(objects / MAX_OBJECTS) / requests_per_minute * WINDOW_S


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """What decides about the objects of one query."""

    before: tuple[Query, ...]
    after: tuple[Query, ...]
    higher: Mapping[str, tuple[Query, ...]]
    drops_unmatched: bool
    withdrawn: Collection[str]

    def effect(self, one: QueryEffect) -> QueryEffect:
        """Return the effect with its numbers."""
        if one.change in _GONE:
            return self._gone(one)
        if one.change in _SELECTS_ANEW:
            return self._asked(one)
        return one

    def _gone(self, one: QueryEffect) -> QueryEffect:
        """A query that is deleted or disabled."""
        takers = tuple(query.id for query in covering(one.query, self.after))
        if takers:
            return replace(one, taken_over_by=takers)
        is_deleted = one.change is Change.DELETED
        if is_deleted and (self.drops_unmatched or one.query.id in self.withdrawn):
            return replace(one, fewer=one.held.objects)
        return replace(one, stays=one.held.objects)

    def _asked(self, one: QueryEffect) -> QueryEffect:
        """A query that selects what it has not selected before."""
        higher = self.higher.get(one.query.id, ())
        others = [query for query in self.before if query.id != one.query.id]
        kept = {query.id for query in self.after}
        takers = covering(one.query, higher) or covering(
            one.query, [query for query in others if query.id in kept]
        )
        if takers:
            return replace(one, taken_over_by=tuple(query.id for query in takers))
        count, objects = one.counted.count, one.held.objects
        if count is None:
            return replace(one, more=None, fewer=None)
        # One that was enabled or added has nothing that it would lose.
        surplus = max(0, objects - count) if one.change is Change.EDITED else 0
        return replace(
            one,
            more=max(0, count - objects),
            fewer=surplus if self.drops_unmatched else 0,
            stays=0 if self.drops_unmatched else surplus,
        )


def _full_objects(found: Sequence[QueryEffect]) -> int | None:
    numbers = [
        _sent_by_full(each)
        for each in found
        if each.query.is_enabled and each.change not in _GONE
        if not (each.taken_over_by and each.change in _SELECTS_ANEW)
    ]
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def _sent_by_full(one: QueryEffect) -> int | None:
    """Return how many objects a full update sends for a query; None where nobody could count."""
    count, objects = one.counted.count, one.held.objects
    if one.change in _SELECTS_ANEW:
        return count
    if not one.may_gain:
        return objects
    return None if count is None else max(objects, min(count, objects + one.may_gain))
