"""Withdrawal of objects: they are sent once more unchanged, but revoked and no longer valid."""

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
    """Request to withdraw the objects of a deleted query."""

    query: Query
    """The query when it was deleted."""
    at: dt.datetime
    by: str | None = None
    is_tried: bool = False
    """Whether an update has withdrawn what it may; the rest needs a decision, or expires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwanted:
    """Selection of the unchosen objects that are withdrawn."""

    are_orphans_meant: bool
    """Whether orphaned objects are withdrawn."""
    are_all_meant: bool
    """Whether all of them are withdrawn, as every query was read as a whole."""
    kept: frozenset[str] = frozenset()
    """Ids of disabled queries: their objects stay unless orphaned."""
    withdrawn: frozenset[str] = frozenset()
    """Ids of deleted queries: their objects are withdrawn in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveObject:
    """The part of a ledger row that a withdrawal needs. Times are in milliseconds."""

    object: int
    """Id of its row in the ledger."""
    unconfirmed: int | None
    """Time of an earlier, unconfirmed withdrawal that is repeated."""
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
    confidence: int | None
    summary_digest: int | None
    summary: str
    value: str | None
    text: bytes
    """Its text when it was last sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """Withdrawal of an object by a Job."""

    held: LiveObject
    request_id: str
    modified: int
    valid_until: int
    text: bytes


def revocation(held: LiveObject, request_id: str, now: dt.datetime) -> Revocation:
    """Return the withdrawal of an object.

    Args:
        held: the object that Sentinel holds.
        request_id: the Job that withdraws it.
        now: the new end of its validity.
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
