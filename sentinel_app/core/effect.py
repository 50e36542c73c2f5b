"""Estimated effect in Sentinel of saving a list of TQL queries."""

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
    """Change of one query by a save."""

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
class CurrentObjects:
    """Objects that Sentinel has because of a query."""

    objects: int = 0
    until: dt.datetime | None = None
    """When the last of them expires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Number of Indicators that a query returns now, or why it could not be counted."""

    count: int | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryEffect:
    """Effect of a save on one query. Numbers of objects are estimates."""

    query: Query
    position: int | None
    """Position in the new list; None if the query is deleted."""
    change: Change
    held: CurrentObjects
    counted: Counted = Counted()
    more: int | None = 0
    """Number of objects that Sentinel does not have yet; None if they could not be counted."""
    fewer: int | None = 0
    """Number of objects that are withdrawn; None if they could not be counted."""
    stays: int = 0
    """Number of objects that are no longer renewed and stay until they expire."""
    may_gain: int = 0
    """Number of objects that higher queries release and this one may take over."""
    taken_over_by: tuple[str, ...] = ()
    """Enabled queries that return everything this one returns, so nothing is lost or new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Effect of a save as a whole."""

    queries: tuple[QueryEffect, ...]
    """Queries of the new list in their order, then the deleted ones."""
    full_objects: int | None
    """Number of objects that a full update sends; None if they could not be counted."""

    @property
    def more(self) -> int:
        """Number of objects that Sentinel does not have yet, as far as they could be counted."""
        return sum(each.more or 0 for each in self.queries)

    @property
    def fewer(self) -> int:
        """Number of objects that are withdrawn, as far as they could be counted."""
        return sum(each.fewer or 0 for each in self.queries)

    @property
    def stays(self) -> int:
        """Number of objects that stay until they expire."""
        return sum(each.stays for each in self.queries)

    @property
    def is_complete(self) -> bool:
        """Whether everything could be counted."""
        return all(each.more is not None for each in self.queries)


def changes(old: Sequence[Query], new: Sequence[Query]) -> list[tuple[Query, Change]]:
    """Return the change of each query: those of the new list, then the deleted ones."""
    before = {query.id: query for query in old}
    after = {query.id for query in new}
    found = [(query, _change(before.get(query.id), query)) for query in new]
    return found + [(query, Change.DELETED) for query in old if query.id not in after]


def queries_to_count(
    old: Sequence[Query], new: Sequence[Query], held: Mapping[str, CurrentObjects]
) -> list[Query]:
    """Return the queries whose Indicators must be counted in ThreatConnect.

    These are the ones that the save adds, edits or enables, and those that may take over objects of
    others.

    Args:
        old: the current list, highest precedence first.
        new: the new list.
        held: the current objects, by query id.
    """
    gains = _gains(old, new, held)
    return [
        query
        for query, change in changes(old, new)
        if change in _SELECTS_ANEW or (change is Change.KEPT and query.id in gains)
    ]


def _gains(
    old: Sequence[Query], new: Sequence[Query], held: Mapping[str, CurrentObjects]
) -> Mapping[str, int]:
    """Return the number of objects that each query may take over from those above it."""
    changed = {query.id: change for query, change in changes(old, new)}
    enabled = [query for query in old if query.is_enabled]
    gains = {
        query.id: sum(
            held.get(each.id, CurrentObjects()).objects
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
    held: Mapping[str, CurrentObjects],
    counts: Mapping[str, Counted],
    policy: WithdrawPolicy,
    withdrawn: Collection[str],
) -> Effect:
    """Return the effect of saving `new` in place of `old`.

    The overlap of two queries is known only if one covers the other, so the numbers of new objects
    are upper bounds; and a File is one Indicator, but has an object for each hash.

    Args:
        old: the current list, highest precedence first.
        new: the new list.
        held: the current objects, by query id.
        counts: the counts of the `queries_to_count`.
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
                held=held.get(query.id, CurrentObjects()),
                counted=counts.get(query.id, Counted()),
                may_gain=gains.get(query.id, 0),
            )
        )
        for query, change in changes(old, new)
    )
    return Effect(queries=found, full_objects=_full_objects(found))


def seconds_for(objects: int, requests_per_minute: int) -> float:
    """Return the seconds that sending this number of objects takes under the API limit."""
    return math.ceil(objects / MAX_OBJECTS) / requests_per_minute * WINDOW_S


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """Rules that decide about the objects of one query."""

    before: tuple[Query, ...]
    after: tuple[Query, ...]
    higher: Mapping[str, tuple[Query, ...]]
    drops_unmatched: bool
    withdrawn: Collection[str]

    def effect(self, one: QueryEffect) -> QueryEffect:
        """Return the effect with its numbers filled in."""
        if one.change in _GONE:
            return self._gone(one)
        if one.change in _SELECTS_ANEW:
            return self._asked(one)
        return one

    def _gone(self, one: QueryEffect) -> QueryEffect:
        """Return the effect of deleting or disabling the query."""
        takers = tuple(query.id for query in covering(one.query, self.after))
        if takers:
            return replace(one, taken_over_by=takers)
        is_deleted = one.change is Change.DELETED
        if is_deleted and (self.drops_unmatched or one.query.id in self.withdrawn):
            return replace(one, fewer=one.held.objects)
        return replace(one, stays=one.held.objects)

    def _asked(self, one: QueryEffect) -> QueryEffect:
        """Return the effect of a new selection."""
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
        # A query that was enabled or added has nothing to lose.
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
    """Return the number of objects that a full update sends for a query; None if unknown."""
    count, objects = one.counted.count, one.held.objects
    if one.change in _SELECTS_ANEW:
        return count
    if not one.may_gain:
        return objects
    return None if count is None else max(objects, min(count, objects + one.may_gain))
