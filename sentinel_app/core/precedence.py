"""Which copy of a value is sent: within a query, between queries, and across updates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sentinel_app.core.indicator import Indicator
from sentinel_app.core.job import Mode
from sentinel_app.core.object_id import ObjectKey, object_keys
from sentinel_app.core.window import Window
from sentinel_app.core.work import Claim, Held


class Choice(StrEnum):
    """What becomes of a candidate copy of an object."""

    TAKE = 'take'
    """The key is free: the candidate's copy is the one."""
    REPLACE = 'replace'
    """The candidate is better than the copy of the same query that was chosen before."""
    DUPLICATE = 'duplicate'
    """Another copy has precedence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecedenceContext:
    """What an update knows about the other queries when it decides across updates.

    `positions` are those of all saved queries, by id. `read_through` are the queries that this
    update has read completely and without a window: what they did not return they do not hold.
    """

    positions: Mapping[str, int]
    read_through: frozenset[str] = frozenset()
    windows: Mapping[str, Window] = field(default_factory=dict)
    """What was modified within these, the query has returned in this update if it matches."""

    def has_let_go(self, query_id: str, indicator: Indicator) -> bool:
        """Whether a query is known not to match an Indicator any more that it did not return."""
        window = self.windows.get(query_id)
        if window is None or indicator.modified_at >= window.end_at:
            return False
        return window.start_at is None or indicator.modified_at >= window.start_at


def choose(
    indicator: Indicator,
    *,
    request_id: str,
    position: int,
    claim: Claim | None,
    held: Held | None,
    context: PrecedenceContext,
    is_released: bool = False,
    is_looked_up: bool = False,
    now: dt.datetime,
) -> Choice:
    """Decide about one candidate copy of one object.

    Queries are dealt with from the highest to the lowest, so a claim of another Job always belongs
    to a higher query. Without a claim the ledger decides: what a higher query holds stays with it
    unless this update has read that query through and did not find the value there, or the copy
    that it holds is gone from ThreatConnect (`is_released`), or no longer matches it. A copy that
    is only looked up beside the window (`is_looked_up`) leaves alone what its own query holds of
    another copy: that one was chosen when both were known, and has not been read this time.

    Source: product guide of the existing App, precedence of TQL queries; extended across updates.
    """
    if claim is not None:
        if claim.request_id != request_id:
            return Choice.DUPLICATE
        is_better = (indicator.modified_at, -indicator.id) > (
            claim.source_modified_at,
            -claim.indicator_id,
        )
        return Choice.REPLACE if is_better else Choice.DUPLICATE
    if held is None or not held.is_live or held.valid_until_at <= now or is_released:
        return Choice.TAKE
    holder = context.positions.get(held.query_id)
    is_other = held.indicator_id != indicator.id
    if holder == position:
        return Choice.DUPLICATE if is_looked_up and is_other else Choice.TAKE
    if holder is None or holder > position or held.query_id in context.read_through:
        return Choice.TAKE
    # The very copy that the higher query holds has been changed so that only this one matches it.
    has_let_go = not is_other and context.has_let_go(held.query_id, indicator)
    return Choice.TAKE if has_let_go else Choice.DUPLICATE


def must_send(
    *,
    mode: Mode,
    held: Held | None,
    content_hash: str,
    valid_until_at: dt.datetime,
    ttl: dt.timedelta,
    now: dt.datetime,
) -> bool:
    """Return whether a chosen object goes out, or is known to be in Sentinel as it is.

    A full update sends everything. The others send what is new, what changed, what must be valid
    for longer (no more than half of its TTL is left), and what must end sooner than Sentinel
    believes.
    """
    if mode is Mode.FULL or held is None or not held.is_live:
        return True
    if held.content_hash != content_hash or valid_until_at < held.valid_until_at:
        return True
    # What is left counts, not the age: an expiry that was taken back leaves a young object short.
    return held.valid_until_at - now <= ttl / 2 and valid_until_at > held.valid_until_at


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
