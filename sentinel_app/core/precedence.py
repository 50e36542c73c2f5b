"""Which copy of a value is sent: within a query, between queries, and across updates."""

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
"""The id of an Indicator, and its last modification in milliseconds since 1970."""


class Choice(StrEnum):
    """What becomes of a candidate copy of an object."""

    TAKE = 'take'
    """The key is free: the candidate's copy is the one."""
    REPLACE = 'replace'
    """The candidate is better than the copy of the same query that was chosen before."""
    DUPLICATE = 'duplicate'
    """Another copy has precedence."""
    REFRESH = 'refresh'
    """A higher query holds just this copy: what has changed of it is sent, and stays its own."""
    ALTERNATE = 'alternate'
    """Another copy has precedence if it is still there and its query's, which will show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecedenceContext:
    """What an update knows when it decides about the rows of a page.

    Jobs and queries are the numbers that the ledger has for them; times are milliseconds since
    1970.
    """

    job: int
    first_mark: int
    """The lowest number of the update's Jobs: what has a lower mark is not chosen yet."""
    jobs: tuple[int, ...]
    """The Jobs of the update that have been read through before, and this one."""
    update_id: str
    query: int
    mode: Mode
    now: int
    higher: frozenset[int] = frozenset()
    """Queries that have precedence over this one."""
    read_through: frozenset[int] = frozenset()
    """Queries that this update has read completely and without a window: what they did not return
    they do not hold."""
    windows: Mapping[int, Window] = field(default_factory=dict)
    """What was modified within these, the query has returned in this update if it matches."""
    whole_marks: Mapping[int, int] = field(default_factory=dict)
    """By query the first mark of the last update that read all of it."""
    is_extra: bool = False
    """Whether the rows were asked for beside the window, each for an object of its own."""
    is_alternate: bool = False
    """Whether they were asked for because a better copy has not come."""

    def is_chosen(self, row: LedgerRow) -> bool:
        """Whether a Job of this update has chosen a copy for the key."""
        return row.mark >= self.first_mark

    def is_orphaned(self, row: LedgerRow) -> bool:
        """Whether the copy that Sentinel holds was known to be gone as the update began."""
        return bool(row.is_orphaned) and row.late_for != self.update_id

    def may_hide_better(self, row: LedgerRow) -> bool:
        """Whether Sentinel may hold a better copy than the ledger says.

        The answer about that one is missing, so it may never have arrived; and whether its query,
        which is a higher one, has others this update has not found out.
        """
        is_read = row.query in self.windows or row.query in self.read_through
        return row.content_hash == b'' and row.query in self.higher and not is_read

    def was_missing(self, row: LedgerRow) -> bool:
        """Whether its query did not return the copy held when all of it was read last."""
        return row.mark < self.whole_marks.get(row.query, 0)

    def has_let_go(self, query: int, indicator: Indicator) -> bool:
        """Whether a query is known not to match an Indicator any more that it did not return."""
        window = self.windows.get(query)
        if window is None or indicator.modified_at >= window.end_at:
            return False
        return window.start_at is None or indicator.modified_at >= window.start_at


def is_better(copy: Copy, other: Copy) -> bool:
    """Whether a copy has precedence over another one of the same query."""
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

    Queries are dealt with from the highest to the lowest, so what another Job of the update has
    chosen always belongs to a higher query. What no Job has chosen the ledger decides: what a
    higher query holds stays with it unless this update has read that query through and did not find
    the value there, or the copy that it holds is gone from ThreatConnect, was found unfit, or no
    longer matches it, as far as this update or the last one that read everything tells. Whether it
    still matches need not be known: what has changed of that very copy is sent, whichever query
    brings it. A copy that is worse than the one that the ledger holds for the same query never
    displaces it while that one may still come.

    Args:
        indicator: the candidate.
        modified: its last modification.
        row: what the ledger knows of the key; None where it knows nothing.
        context: what the update knows.
        is_refused: whether it is this copy that the query has chosen, and Sentinel refused.
        is_dismissed: whether the update has read the copy that is held and found it unfit.

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
    is_lost = context.is_orphaned(row) and not context.may_hide_better(row)
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
    """Decide against the copy that a higher query holds.

    That copy itself may have been changed so that it matches only this query. Where that is not
    known, the change is sent all the same: nobody else would do it.
    """
    if row.indicator_id != indicator.id:
        if is_dismissed:
            return Choice.TAKE
        # The higher query may turn out to have let go of it, as the copy that it holds comes later.
        return Choice.ALTERNATE if context.mode is Mode.DELTA else Choice.DUPLICATE
    return Choice.TAKE if context.has_let_go(row.query, indicator) else Choice.REFRESH


def _within_query(
    copy: Copy, row: LedgerRow, context: PrecedenceContext, *, is_refused: bool
) -> Choice:
    """Decide against another copy that the ledger holds for the same query."""
    if context.is_alternate:
        return Choice.TAKE
    if context.is_extra and not is_refused:
        # The one that is held was chosen when both were known, and has not been read this time.
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
    """Return whether a chosen object goes out; else Sentinel is known to have it as it is.

    A full update sends everything. The others send what is new, what changed, what must be valid
    for longer (no more than half of its TTL is left), and what must end sooner than Sentinel
    believes. Times are milliseconds.
    """
    if mode is Mode.FULL or row is None or not row.is_live:
        return True
    if row.content_hash != content_hash or valid_until < row.valid_until:
        return True
    # What is left counts, not the age: an expiry that was taken back leaves a young object short.
    return not has_long_left(row, ttl=ttl, now=now) and valid_until > row.valid_until


def has_long_left(row: LedgerRow, *, ttl: int, now: int) -> bool:
    """Whether more than half of its TTL is left to an object."""
    return 2 * (row.valid_until - now) > ttl


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A copy that could be sent, and the highest query that returns it."""

    indicator: Indicator
    position: int


def winners(candidates: Iterable[Candidate]) -> Mapping[ObjectKey, Candidate]:
    """Return the copy that is sent for each object key.

    The highest query's copy; within one query the one modified last, then the one with the lowest
    id. The same as an update comes to that reads everything.
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
