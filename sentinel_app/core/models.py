"""The things that the App speaks of, as frozen values."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sentinel_app.core.status import JobStatus, JobType, Mode, Outcome


class IndicatorType(StrEnum):
    """The nine supported types, spelt as the v3 API spells them."""

    ADDRESS = 'Address'
    ASN = 'ASN'
    CIDR = 'CIDR'
    EMAIL_ADDRESS = 'EmailAddress'
    EMAIL_SUBJECT = 'Email Subject'
    FILE = 'File'
    HOST = 'Host'
    REGISTRY_KEY = 'Registry Key'
    URL = 'URL'


class HashKind(StrEnum):
    """Hashes of a File, spelt as STIX spells them."""

    MD5 = 'MD5'
    SHA1 = 'SHA-1'
    SHA256 = 'SHA-256'


class WithdrawPolicy(StrEnum):
    """Which Indicators are withdrawn from Sentinel."""

    NEVER = 'Never'
    DELETED = 'Deleted in ThreatConnect'
    DELETED_OR_NO_LONGER_MATCHING = 'Deleted or no longer matching'


class SortDirection(StrEnum):
    """The order in which a TQL query's Indicators are sent."""

    ASCENDING = 'asc'
    DESCENDING = 'desc'


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag; ATT&CK tags carry the technique's id, for example `T1566`."""

    name: str
    technique_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute of an Indicator."""

    type: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group associated with an Indicator, perhaps of another owner."""

    type: str
    name: str
    owner_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One value in one owner, as the v3 API gives it, checked and typed.

    `value` is the canonical value of the type: the address, block, host name, URL text, AS number,
    e-mail address, subject or registry key name; for a File it is the summary, and `hashes` holds
    what counts.
    """

    id: int
    type: IndicatorType
    value: str
    summary: str
    owner_name: str
    added_at: dt.datetime
    modified_at: dt.datetime
    is_active: bool = True
    hashes: tuple[tuple[HashKind, str], ...] = ()
    registry_value_name: str | None = None
    registry_value_type: str | None = None
    rating: float | None = None
    confidence: int | None = None
    threat_assess_score: int | None = None
    web_link: str | None = None
    expires_at: dt.datetime | None = None
    tags: tuple[Tag, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    groups: tuple[Group, ...] = ()
    security_labels: tuple[str, ...] = ()
    are_labels_known: bool = True
    """False where not all security labels arrived that were asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """An Organization, Community or Source that the API user can read."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TqlKeyword:
    """A word that TQL knows for Indicators."""

    name: str
    type: str
    description: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One saved row of CONFIGURE. Its position in the list is its precedence."""

    id: str
    owners: tuple[str, ...]
    indicator_types: tuple[IndicatorType, ...]
    tql: str
    sort_field: str | None = None
    sort_direction: SortDirection = SortDirection.ASCENDING

    @property
    def selection(self) -> str:
        """A digest of what the query selects: another one when it is edited to mean another set."""
        parts = [sorted(self.owners), sorted(self.indicator_types), self.tql.strip()]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryList:
    """The saved TQL queries, highest precedence first, and the version that guards a save."""

    version: int
    queries: tuple[Query, ...]

    def position(self, query_id: str) -> int | None:
        """Position of a query, 0 the highest; None when it is no longer there."""
        for position, query in enumerate(self.queries):
            if query.id == query_id:
                return position
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A half-open span of `lastModified`, in ThreatConnect's own time, whole seconds.

    `start_at` is None for a reading of everything.
    """

    start_at: dt.datetime | None
    end_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Up to when everything modified is known to be dealt with, for one TQL query."""

    query_id: str
    selection: str
    at: dt.datetime


class Stage(StrEnum):
    """The three stages of a Job; the names of their Tasks."""

    DOWNLOAD = 'download'
    CONVERT = 'convert'
    UPLOAD = 'upload'


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTimes:
    """When a stage of a Job began and ended."""

    started_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a Job read, what became of each Indicator, and what sending took.

    `read` equals the sum of the outcomes once the Job is final; before that the rest is under way.
    """

    read: int = 0
    outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    objects: int = 0
    requests: int = 0
    throttled: int = 0
    throttled_s: float = 0.0
    expected: int | None = None
    converted: int = 0
    """Of those read, how many were decided about: they have their outcome, or are to be sent."""
    held_back: int = 0
    """Objects that the update would have withdrawn, were they not too many at once."""
    shortened: int = 0
    """Indicators with more tags than Sentinel keeps, some of which were left out."""

    @property
    def settled(self) -> int:
        """How many Indicators have their outcome."""
        return sum(self.outcomes.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One TQL query's part of one update."""

    request_id: str
    update_id: str
    job_type: JobType
    mode: Mode
    status: JobStatus
    query: Query
    position: int
    """Position of the query when the Job was queued, 0 the highest."""
    queued_at: dt.datetime
    started_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    failed_at: dt.datetime | None = None
    window: Window | None = None
    """None until reading begins."""
    stages: Mapping[Stage, StageTimes] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    warnings: tuple[str, ...] = ()
    retry_of: str | None = None
    failure_code: str | None = None
    failure_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One pass over TQL queries; its Jobs are in the order of precedence."""

    id: str
    mode: Mode
    job_type: JobType
    queued_at: dt.datetime
    request_ids: tuple[str, ...]
    modified_after: dt.datetime | None = None
    """For an ad-hoc delta: the start of the window, in place of the cursors."""
    confirmed_withdrawals: int | None = None
    """How many objects somebody has allowed to be withdrawn at once."""
    started_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What the schedule goes by, all in stored UTC times."""

    last_scheduled_at: dt.datetime | None = None
    """Start of the last scheduled update."""
    last_reconcile_at: dt.datetime | None = None
    """Start of the last full or reconcile update that went over all queries."""
    last_run_at: dt.datetime | None = None
    """End of the last update's window, in ThreatConnect's time: a new query's delta starts here."""
    next_mode: Mode | None = None
    """Set by a save for the next scheduled update; None means delta."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditChange:
    """One field that somebody changed; None where it was not there before, or is not there now."""

    subject: str
    """What it belongs to, for example `TQL query 2`."""
    field: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who changed what, when."""

    at: dt.datetime
    user: str | None
    action: str
    detail: str
    changes: tuple[AuditChange, ...] = ()
    changes_left_out: int = 0
    """So many more were made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEntry:
    """One error of a Job, about one Indicator or about the whole request."""

    request_id: str
    at: dt.datetime
    code: str
    message: str
    reason: str
    indicator_id: int | None = None
    indicator_type: str | None = None
    summary: str | None = None
    owner_name: str | None = None
    web_link: str | None = None
    id: int | None = field(default=None, compare=False)
    """Its number in the store, rising with time; None before it is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGroup:
    """Errors of one Job that say the same, counted."""

    id: int
    request_id: str
    code: str
    message: str
    reason: str
    count: int
    first_at: dt.datetime
    last_at: dt.datetime
    examples: tuple[ErrorEntry, ...] = ()
    """The first few Indicators behind the group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedIndicator:
    """An entry of ThreatConnect's list of deleted Indicators; it has no id."""

    type: str
    summary: str
    owner_name: str
    date: str = ''
    """In ThreatConnect's own words; tells entries of one value apart that was deleted twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedPage:
    """One page of an owner's list of deleted Indicators."""

    entries: tuple[DeletedIndicator, ...]
    server_at: dt.datetime
    """The server's own time, from its `Date` header."""
    count: int | None = None
    """How many entries the list has in all, where it says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePage:
    """One page of raw v3 rows."""

    rows: tuple[Mapping[str, object], ...]
    server_at: dt.datetime
    """The server's own time, from its `Date` header."""
    count: int | None = None
    """How many rows match in all, where that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadReply:
    """What Sentinel said of one batch: refusals by position, everything else is accepted."""

    refusals: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
