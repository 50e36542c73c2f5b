"""Findings of the verification, as they are stored and shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.verification import FindingKind, Mark, SeenObject


class ObjectType(StrEnum):
    """STIX types of what is sent: Indicators, and what is their context."""

    INDICATOR = 'indicator'
    IDENTITY = 'identity'
    ACTOR = 'threat-actor'
    RELATIONSHIP = 'relationship'


INDICATOR: Final = ObjectType.INDICATOR.value
"""STIX type of what stands for an Indicator; all other types are those of context objects."""


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
    """What an unknown object's newest row says about it. Times are in milliseconds."""

    digest: bytes
    modified: int
    created: int
    valid_from: int | None = None
    pattern: str | None = None
    """None for a context object."""
    stix_type: str | None = None
    """None for an Indicator."""
    name: str | None = None
    """Of a context object; a relationship has its ends in place of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCounts:
    """What a run of the verification came to in one table."""

    held: int = 0
    confirmed: int = 0
    recent: int = 0
    unread: int = 0
    findings: Mapping[FindingKind, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextResult:
    """What a run came to about context objects, after the Indicators."""

    counts: RunCounts
    code: str | None = None
    """Why their table could not be read; None where it was."""
    message: str = ''
    reason: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationRun:
    """One run of the verification that has ended."""

    id: int
    started_at: dt.datetime
    ended_at: dt.datetime
    is_whole: bool
    """Whether every object was compared, and not only where sums differed."""
    requests: int
    counts: RunCounts
    """Of the Indicators."""
    context: ContextResult | None = None
    """None where context objects were not compared."""
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
    object_type: ObjectType | None = None
    indicator_type: IndicatorType | None = None
    owner_name: str | None = None
    query_id: str | None = None
    text: str = ''
    """A part of the value, the pattern or the name, in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundIndicator:
    """The Indicator that an object stands for, or that is an end of a relationship."""

    indicator_id: int
    type: IndicatorType
    summary: str
    owner_name: str
    query_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldVersion:
    """What the ledger knows of a finding's object."""

    is_live: bool
    """Whether it is not withdrawn; it may have expired."""
    modified_at: dt.datetime
    valid_until_at: dt.datetime | None
    """None for a context object, which never ends."""
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
    stix_type: str
    stix_id: str
    name: str | None
    """Of a context object; a relationship names its ends. None for an Indicator."""
    indicator: FoundIndicator | None
    """None for an object that the ledger does not know, and for an identity or a threat actor."""
    held: HeldVersion | None
    """None for an object that the ledger does not know."""
    seen: SeenVersion | None
    """None for an object that the table does not have."""
    pattern: str | None
    """Of an unknown Indicator."""
    update_id: str | None
    """The update that a person has requested about it."""
    context: int | None = None
    """Its row in the ledger of context objects."""
    is_being_sent: bool = False
    """Whether another version of a context object has yet to be accepted."""
    is_sendable: bool = False
    """Whether a context object would be sent once more, if it had to be."""

    @property
    def is_context(self) -> bool:
        """Whether it is about a context object."""
        return self.stix_type != INDICATOR
