"""Values that pass between the stages of a running update and the stores."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from sentinel_app.core.error_entry import ErrorEntry
from sentinel_app.core.job import Outcome

CANCELLED_CODE = 'RUN-CANCEL'
"""Stands in place of a failure where a person cancelled the Job before its reading began."""

REFUSED_ATTEMPTS: Final = 3
"""An object that was refused no more often than this is tried again by the next update."""


class Reading(StrEnum):
    """How far the reading of a Job has come."""

    WAITING = 'waiting'
    READING = 'reading'
    COMPLETE = 'complete'
    FAILED = 'failed'


class ObjectState(StrEnum):
    """How far an object of the running update has come."""

    WAITING = 'waiting'
    IN_FLIGHT = 'in-flight'
    ACCEPTED = 'accepted'
    REFUSED = 'refused'
    FAILED = 'failed'
    UNCHANGED = 'unchanged'


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a Job of the running update has done so far, as stored."""

    request_id: str
    update_id: str
    position: int
    query_id: str
    reading: Reading
    last_id: int | None
    page_size: int | None
    expected: int | None
    download_started_at: dt.datetime | None
    download_completed_at: dt.datetime | None
    convert_started_at: dt.datetime | None
    upload_started_at: dt.datetime | None
    upload_answered_at: dt.datetime | None
    """When the latest answer of Sentinel was stored."""
    failure_code: str | None
    failure_reason: str | None
    is_stopped: bool
    """Nothing more is sent for this Job; what is open ends as failed."""
    pages_waiting: int
    """Pages read and not yet converted."""
    rows_waiting: int
    """Indicators on those pages."""
    open_treatments: int
    """Indicators converted whose outcome is not known yet."""
    is_closed: bool
    """Whether it is known what the update withdraws; nothing is added to the Job after that."""
    clause: str | None
    """What the present slice of the reading adds to the TQL; None for the window."""
    warning: str | None
    held_back: int
    """Withdrawals that wait for somebody's confirmation."""
    is_by_time: bool = False
    """Whether the reading goes by spans of the last modification instead of by id."""
    read_until: dt.datetime | None = None
    """Where the next span of the present slice begins; None at the slice's own beginning."""

    @property
    def is_settled(self) -> bool:
        """Whether every Indicator that was read has its outcome and no more will be read."""
        return (
            self.reading in {Reading.COMPLETE, Reading.FAILED}
            and not self.pages_waiting
            and not self.open_treatments
            # An update with a Job that was stopped withdraws nothing, so nothing is added either.
            and (self.is_closed or self.is_stopped)
        )

    @property
    def is_converted(self) -> bool:
        """Whether everything that will be read has been read and converted."""
        return self.reading in {Reading.COMPLETE, Reading.FAILED} and not self.pages_waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPage:
    """A page read and waiting for conversion."""

    request_id: str
    position: int
    seq: int
    rows: Sequence[Mapping[str, object]]
    is_looked_up: bool = False
    """Whether its rows were looked up beside the window, each for an object of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An object key that the running update has already given to a copy."""

    request_id: str
    position: int
    indicator_id: int
    version: int
    source_modified_at: dt.datetime
    created: str
    modified: str
    state: ObjectState


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What Sentinel holds for an object key, from the ledger."""

    object_id: str
    generation: int
    is_live: bool
    query_id: str
    indicator_id: int
    created: str
    modified_at: dt.datetime
    valid_until_at: dt.datetime
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An object that Sentinel refused before."""

    indicator_id: int
    content_hash: str
    attempts: int
    """How often just this content was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """What the ledger knows of one live object, enough to withdraw it."""

    object_key: str
    object_id: str
    generation: int
    query_id: str
    indicator_id: int
    indicator_type: str
    summary: str
    owner_name: str
    created: str
    modified: str
    content_hash: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The Indicator that a live object was made of."""

    indicator_id: int
    owner_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenObject:
    """One object that the running update has chosen, ready to send or known to be unchanged."""

    object_key: str
    object_id: str
    generation: int
    version: int
    request_id: str
    position: int
    query_id: str
    indicator_id: int
    indicator_type: str
    summary: str
    owner_name: str
    web_link: str | None
    source_modified_at: dt.datetime
    created: str
    modified: str
    valid_until: str
    content_hash: str
    state: ObjectState
    sort_value: float | str | None
    body: str | None
    """The STIX object as JSON text; None where there is nothing to send."""
    is_revocation: bool = False
    """Whether the object tells Sentinel that the value is no longer valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What conversion made of one stored page; stored in one transaction."""

    page: StoredPage
    outcomes: Mapping[int, Outcome | None]
    """By the Indicator's id; None where an object has to be sent first."""
    objects: Sequence[ChosenObject]
    displaced: Sequence[tuple[str, int]] = ()
    """Request ID and Indicator id of copies that lost an object to a better copy."""
    errors: Sequence[ErrorEntry] = ()
    taken_over: Sequence[str] = ()
    """Keys whose unchanged object belongs to another query or copy from now on."""
    lost: Mapping[str, int] = field(default_factory=dict)
    """Keys of live objects that their Indicators no longer have, with the Indicators' ids."""
    late_for: str | None = None
    """The update that came upon these losses too late to ask every query for the values."""
    shortened: int = 0
    """Indicators with more tags than Sentinel keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Objects that go to Sentinel in one request."""

    objects: tuple[ChosenObject, ...]

    @property
    def request_ids(self) -> tuple[str, ...]:
        """The Jobs that the batch carries objects of, in order."""
        return tuple(dict.fromkeys(chosen.request_id for chosen in self.objects))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The answer to a batch, ready to store in one transaction."""

    batch: Batch
    refusals: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """By position in the batch; everything else was accepted."""
    errors: Sequence[ErrorEntry] = ()
