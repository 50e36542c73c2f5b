"""Precedence of copies of a value: within a query, between queries, and across updates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sentinel_app.core.indicator import Indicator
from sentinel_app.core.job import Mode
from sentinel_app.core.ledger_row import LedgerRow
from sentinel_app.core.object_id import ObjectKey, object_keys
from sentinel_app.core.window import Window

Copy = tuple[int, int]
"""Id of an Indicator, and its last modification in milliseconds since 1970."""


class Choice(StrEnum):
    """Decision about a candidate copy of an object."""

    TAKE = 'take'
    """The key is free, so the candidate is chosen."""
    REPLACE = 'replace'
    """The candidate is better than the copy that the same query has chosen before."""
    DUPLICATE = 'duplicate'
    """Another copy has precedence."""
    REFRESH = 'refresh'
    """A higher query holds exactly this copy: changes are sent, and the query keeps it."""
    ALTERNATE = 'alternate'
    """Another copy has precedence if it still exists and matches its query, which is still open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecedenceContext:
    """What an update knows when it decides about the rows of a page.

    Jobs and queries are identified by their numbers in the ledger; times are milliseconds since
    1970.
    """

    job: int
    first_mark: int
    """Lowest number of the update's Jobs: a lower mark means not chosen yet."""
    jobs: tuple[int, ...]
    """Jobs of the update that have been read before, and this one."""
    update_id: str
    query: int
    mode: Mode
    now: int
    higher: frozenset[int] = frozenset()
    """Queries that have precedence over this one."""
    read_through: frozenset[int] = frozenset()
    """Queries that this update has read completely and without a window: they do not hold what they
    did not return."""
    windows: Mapping[int, Window] = field(default_factory=dict)
    """Windows by query: if it matches, what was modified within them has been returned."""
    whole_marks: Mapping[int, int] = field(default_factory=dict)
    """First mark of the last update that read the whole query, by query."""
    is_extra: bool = False
    """Whether the rows come from an extra query, each for an object of its own."""
    is_alternate: bool = False
    """Whether the rows were read as alternates because a better copy was missing."""

    def is_chosen(self, row: LedgerRow) -> bool:
        """Return whether a Job of this update has chosen a copy for the key."""
        return row.mark >= self.first_mark

    def is_orphaned(self, row: LedgerRow) -> bool:
        """Return whether the current copy was known to be gone when the update began."""
        return bool(row.is_orphaned) and row.late_for != self.update_id

    def may_have_better(self, row: LedgerRow) -> bool:
        """Return whether Sentinel may hold a better copy than the one in the ledger.

        That copy is unacknowledged, so it may never have arrived, and this update has not found out
        whether its query, a higher one, has others.
        """
        is_read = row.query in self.windows or row.query in self.read_through
        return row.content_hash == b'' and row.query in self.higher and not is_read

    def was_missing(self, row: LedgerRow) -> bool:
        """Return whether the last complete reading of its query did not return the current copy."""
        return row.mark < self.whole_marks.get(row.query, 0)

    def no_longer_matches(self, query: int, indicator: Indicator) -> bool:
        """Return whether a query surely no longer matches an Indicator that it did not return."""
        window = self.windows.get(query)
        if window is None or indicator.modified_at >= window.end_at:
            return False
        return window.start_at is None or indicator.modified_at >= window.start_at


def is_better(copy: Copy, other: Copy) -> bool:
    """Return whether a copy has precedence over another one of the same query."""
    return (copy[1], -copy[0]) > (other[1], -other[0])


def choose(
    indicator: Indicator,
    modified: int,
    row: LedgerRow | None,
    context: PrecedenceContext,
    *,
    is_refused: bool = False,
    is_dismissed: bool = False,
) -> Choice:
    """Decide about one candidate copy of one object.

    Queries are processed from the highest to the lowest, so what another Job of the update has
    chosen always belongs to a higher query. If no Job has chosen a copy, the ledger decides. A
    higher query keeps its copy unless this update has read all of that query without finding the
    value, or the copy is gone from ThreatConnect, cannot be sent, or no longer matches the query
    according to this update or the last one that read everything. If it is unknown whether the copy
    still matches, a change of that very copy is sent, whichever query returns it. A copy that is
    worse than the one in the ledger for the same query never displaces it while that one may still
    be read.

    Args:
        indicator: the candidate's Indicator id.
        modified: its last modification.
        row: the ledger row of the key; None if there is none.
        context: the precedence context.
        is_refused: whether the query has chosen this very copy, and Sentinel refused it.
        is_dismissed: whether the update has read the current copy and cannot send it.

    Source: product guide of the existing App, precedence of TQL queries; extended across updates.
    """
    if row is None:
        return Choice.TAKE
    copy = (indicator.id, modified)
    if context.is_chosen(row):
        is_ours = row.mark == context.job and row.chosen_query() == context.query
        return (
            Choice.REPLACE if is_ours and is_better(copy, row.chosen_copy()) else Choice.DUPLICATE
        )
    is_held = row.is_live and row.valid_until > context.now
    is_lost = context.is_orphaned(row) and not context.may_have_better(row)
    if not is_held or is_lost or context.was_missing(row):
        return Choice.TAKE
    is_other = row.indicator_id != indicator.id
    if row.query == context.query and is_other and not is_dismissed:
        return _within_query(copy, row, context, is_refused=is_refused)
    if row.query not in context.higher - context.read_through:
        return Choice.TAKE
    return _against_higher_query(indicator, row, context, is_dismissed=is_dismissed)


def _against_higher_query(
    indicator: Indicator, row: LedgerRow, context: PrecedenceContext, *, is_dismissed: bool
) -> Choice:
    """Compare with the copy that a higher query holds.

    That copy may have been changed so that it matches only this query. If that is unknown, the
    change is sent anyway: no other query would send it.
    """
    if row.indicator_id != indicator.id:
        if is_dismissed:
            return Choice.TAKE
        # The higher query may turn out to no longer match its copy, which is read later.
        return Choice.ALTERNATE if context.mode is Mode.DELTA else Choice.DUPLICATE
    return Choice.TAKE if context.no_longer_matches(row.query, indicator) else Choice.REFRESH


def _within_query(
    copy: Copy, row: LedgerRow, context: PrecedenceContext, *, is_refused: bool
) -> Choice:
    """Compare with another copy that the ledger has for the same query."""
    if context.is_alternate:
        return Choice.TAKE
    if context.is_extra and not is_refused:
        # The current copy was chosen when both were known, and has not been read this time.
        return Choice.DUPLICATE
    if is_better(copy, (row.indicator_id, row.source_modified)):
        return Choice.TAKE
    return Choice.ALTERNATE


def must_send(
    *,
    mode: Mode,
    row: LedgerRow | None,
    content_hash: bytes,
    valid_until: int,
    ttl: int,
    now: int,
) -> bool:
    """Return whether a chosen object is sent; if not, Sentinel has it unchanged.

    A full update sends everything. The others send what is new or changed, what must be valid for
    longer (no more than half of its TTL is left), and what must expire sooner than Sentinel has it.
    Times are milliseconds.
    """
    if mode is Mode.FULL or row is None or not row.is_live:
        return True
    if row.content_hash != content_hash or valid_until < row.valid_until:
        return True
    # The time left counts, not the age: after an expiry was revoked, a young object expires soon.
    return not has_long_left(row, ttl=ttl, now=now) and valid_until > row.valid_until


def has_long_left(row: LedgerRow, *, ttl: int, now: int) -> bool:
    """Return whether more than half of an object's TTL is left."""
    return 2 * (row.valid_until - now) > ttl


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A sendable copy, and the highest query that returns it."""

    indicator: Indicator
    position: int


def winners(candidates: Iterable[Candidate]) -> Mapping[ObjectKey, Candidate]:
    """Return the copy that is sent for each object key.

    That is the copy of the highest query; within one query the one modified last, then the one with
    the lowest id. The result is that of an update that reads everything.
    """
    found: dict[ObjectKey, Candidate] = {}
    for candidate in candidates:
        for key in object_keys(candidate.indicator):
            best = found.get(key)
            if best is None or _rank(candidate) < _rank(best):
                found[key] = candidate
    return found


def _rank(candidate: Candidate) -> tuple[int, float, int]:
    indicator = candidate.indicator
    return (candidate.position, -indicator.modified_at.timestamp(), indicator.id)
