"""Objects that are withdrawn: sent once more as they were, but revoked and no longer valid."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import orjson

from sentinel_app.core.ledger_row import millis, moment
from sentinel_app.core.object_text import TIMES, object_text
from sentinel_app.core.query import Query
from sentinel_app.core.timestamp import from_text, to_millis

_MILLISECOND = dt.timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """That somebody wants to have withdrawn what a deleted query has sent."""

    query: Query
    """As it was when it was deleted."""
    at: dt.datetime
    by: str | None = None
    is_tried: bool = False
    """Whether an update has done what it may; the rest waits for somebody's word, or expires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwanted:
    """Which of the objects that no query has chosen are withdrawn."""

    are_orphans_meant: bool
    """Those whose copy is gone from ThreatConnect."""
    are_all_meant: bool
    """All of them, as every query was read as a whole."""
    kept: frozenset[str] = frozenset()
    """Ids of disabled queries: theirs stay, unless they are orphans."""
    withdrawn: frozenset[str] = frozenset()
    """Ids of deleted queries: theirs go in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldObject:
    """What the ledger knows of an object, enough to withdraw it. Times are in milliseconds."""

    object: int
    """Its row in the ledger."""
    unconfirmed: int | None
    """Set where an earlier withdrawal is repeated, as it had no answer."""
    generation: int
    query: int
    query_id: str
    owner: int
    indicator_id: int
    siblings: int
    created: int
    modified: int
    source_modified: int
    content_hash: bytes
    fingerprint: bytes
    summary_digest: int | None
    summary: str
    value: str | None
    text: bytes
    """As it was sent last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """An object as it is withdrawn by a Job."""

    held: HeldObject
    request_id: str
    modified: int
    valid_until: int
    text: bytes


def revocation(held: HeldObject, request_id: str, now: dt.datetime) -> Revocation:
    """Return the withdrawal of an object.

    Args:
        held: what Sentinel holds.
        request_id: the Job that withdraws it.
        now: the end of its validity.
    """
    stix = orjson.loads(held.text)
    modified_at = max(now, moment(held.modified) + _MILLISECOND)
    valid_from_at = min(from_text(stix['valid_from']), now - _MILLISECOND)
    content = {name: value for name, value in stix.items() if name not in TIMES}
    times = (to_millis(modified_at), to_millis(valid_from_at), to_millis(now))
    return Revocation(
        held=held,
        request_id=request_id,
        modified=millis(modified_at),
        valid_until=millis(now),
        text=object_text(content | {'revoked': True} | dict(zip(TIMES, times, strict=True))),
    )
