"""Findings of the verification, as they are stored and shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.verification import FindingKind, Mark, SeenObject


class FoundObject(NamedTuple):
    """A finding as a run stores it."""

    kind: FindingKind
    digest: bytes
    """Bytes of the object's id."""
    object: int | None
    """Its ledger row; None if there is none."""
    seen: SeenObject | None
    """Its newest row; None if there is none."""


class UnknownRow(NamedTuple):
    """What a withdrawal needs of an unknown object's newest row. Times are in milliseconds."""

    digest: bytes
    modified: int
    created: int
    valid_from: int
    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCounts:
    """What a run of the verification came to."""

    held: int = 0
    confirmed: int = 0
    recent: int = 0
    unread: int = 0
    requests: int = 0
    findings: Mapping[FindingKind, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationRun:
    """One run of the verification that has ended."""

    id: int
    started_at: dt.datetime
    ended_at: dt.datetime
    is_whole: bool
    """Whether every object was compared, and not only where sums differed."""
    counts: RunCounts
    code: str | None = None
    """Why it came to nothing; None if it was completed."""
    message: str = ''
    reason: str = ''

    @property
    def is_complete(self) -> bool:
        """Whether it has read what there was to read."""
        return self.code is None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingFilter:
    """Filter of findings; everything by default."""

    kind: FindingKind | None = None
    indicator_type: IndicatorType | None = None
    owner_name: str | None = None
    query_id: str | None = None
    text: str = ''
    """A part of the value or the pattern, in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldVersion:
    """What the ledger knows of a finding's object."""

    indicator_id: int
    indicator_type: IndicatorType
    summary: str
    owner_name: str
    query_id: str
    is_live: bool
    """Whether it is not withdrawn; it may have expired."""
    modified_at: dt.datetime
    valid_until_at: dt.datetime
    confidence: int | None
    accepted_at: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenVersion:
    """The newest row of a finding's object."""

    modified_at: dt.datetime
    valid_until_at: dt.datetime | None
    confidence: int | None
    marks: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong with one object, from both sides."""

    id: int
    kind: FindingKind
    stix_id: str
    held: HeldVersion | None
    """None for an object that the ledger does not know."""
    seen: SeenVersion | None
    """None for an object that the table does not have."""
    pattern: str | None
    """Of an unknown object."""
    update_id: str | None
    """The update that a person has requested about it."""
