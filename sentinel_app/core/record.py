"""Records of one value in the stores, for its look-up."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.ledger_row import ObjectState


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One object that was sent, with everything in the ledger about it."""

    object_key: str
    object_id: str
    generation: int
    is_live: bool
    """Whether it is not withdrawn; it may have expired."""
    query_id: str
    request_id: str
    indicator_id: int
    indicator_type: str
    summary: str
    owner_name: str
    created_at: dt.datetime
    modified_at: dt.datetime
    valid_until_at: dt.datetime
    first_sent_at: dt.datetime
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedObject:
    """An object that Sentinel refused at the last attempt."""

    object_key: str
    query_id: str
    indicator_id: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedError:
    """Last error about one Indicator."""

    request_id: str
    at: dt.datetime
    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Summary of the ledger row of one object key."""

    object: int
    digest: bytes
    type: IndicatorType
    state: ObjectState
    query_id: str
    indicator_id: int
    owner_name: str
    modified_at: dt.datetime
    """When its latest version was made."""
    valid_until_at: dt.datetime
    first_sent_at: dt.datetime | None
    """When Sentinel first accepted it; None if it never has."""
    is_waiting: bool
    """Whether a version of it is waiting to be sent."""

    def is_live(self, now: dt.datetime) -> bool:
        """Return whether Sentinel has it as an active object."""
        return self.state is ObjectState.LIVE and self.valid_until_at > now
