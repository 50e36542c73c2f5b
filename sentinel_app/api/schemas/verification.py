"""REPORTS: whether Sentinel holds what was sent."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sentinel_app.api.schemas.base import (
    Body,
    Id,
    LogsError,
    Moment,
    Page,
    PageBody,
    PageParameters,
    Reply,
    Shape,
    TypeSlug,
)
from sentinel_app.api.schemas.configure import MAX_OWNER_CHARS
from sentinel_app.api.schemas.report import ErrorText, ReportedIndicator, ReportedQuery
from sentinel_app.core.finding import ObjectType
from sentinel_app.core.verification import FindingKind

MAX_FINDINGS = 10_000_000


class FindingCount(Reply):
    """How many findings of a kind a run has."""

    kind: FindingKind
    count: int


class ContextVerification(Reply):
    """What a run of Verify came to about context objects, after the Indicators."""

    count_held: int = Field(description='Live context objects by what was sent')
    count_confirmed: int
    count_recent: int = Field(description='Sent too recently to be judged')
    count_unread: int = Field(description='In partitions, or with rows, that could not be read')
    findings: list[FindingCount] = Field(description='One for each kind')
    error: LogsError | None = Field(
        description='Why their table could not be read; null where it was'
    )


class VerificationRun(Reply):
    """One run of Verify. Every live object of Indicators is in one of the counts, or a finding."""

    date_started: Moment
    date_ended: Moment
    is_whole: bool = Field(
        description='Whether each object was compared, and not only where sums differed'
    )
    count_held: int = Field(description='Live objects by what was sent')
    count_confirmed: int
    count_recent: int = Field(description='Sent too recently to be judged')
    count_unread: int = Field(description='In partitions that could not be read')
    count_requests: int
    findings: list[FindingCount] = Field(description='One for each kind')
    error: LogsError | None = Field(description='Why it came to nothing; null where it did not')
    context: ContextVerification | None = Field(
        description='Of identities, threat actors and relationships; null where they were not '
        'compared'
    )


class Verification(Reply):
    """How Verify stands."""

    interval_hours: float = Field(description='Hours between two runs; 0 for never')
    date_started: Moment | None = Field(description='Of the run under way; null without one')
    date_next: Moment | None = Field(description='Null where none is due by itself')
    last: VerificationRun | None = Field(description='The run that ended last, whatever it came to')
    complete: VerificationRun | None = Field(description='The run whose findings are shown')
    count_unknown: int = Field(
        description='Unknown Indicators that are still to be withdrawn, for `verification/withdraw`'
    )


class HeldVersion(Reply):
    """What was sent last and accepted, of a finding's object."""

    is_live: bool = Field(description='Not withdrawn; it may have expired')
    date_modified: Moment
    valid_until: Moment | None = Field(description='Null for a context object, which never ends')
    confidence: int | None
    date_accepted: Moment | None


class SeenVersion(Reply):
    """The newest row of a finding's object in Sentinel."""

    date_modified: Moment
    valid_until: Moment | None
    confidence: int | None
    is_revoked: bool
    is_deleted: bool
    is_active: bool
    is_parsed: bool = Field(description='False where Sentinel could not take its pattern apart')


class Finding(Reply):
    """What is wrong with one object."""

    id: str
    kind: FindingKind
    stix_type: str = Field(description='`indicator`, or that of a context object')
    stix_id: str
    name: str | None = Field(
        description='Of a context object; a relationship names its ends. Null for an Indicator'
    )
    indicator: ReportedIndicator | None = Field(
        description='Also the one that a relationship begins at. Null for an object that was not '
        'sent by this Service as far as it knows, and for an identity or a threat actor'
    )
    query: ReportedQuery | None
    held: HeldVersion | None
    seen: SeenVersion | None = Field(description='Null where Sentinel has no row')
    pattern: str | None = Field(description='Of an unknown Indicator')
    helps_pattern_style: bool = Field(
        description='Whether *Pattern Style: As logs write it* would let rules match it'
    )
    request_id: str | None = Field(
        description='The Job that a person has requested about it; null without one'
    )
    is_requested: bool = Field(
        description='Whether that Job still waits or runs, or a context object is on its way'
    )
    is_sendable: bool = Field(description='Whether it may be sent again by itself')


class FindingPage(Page):
    """A page of findings, and how Verify stands."""

    data: list[Finding]
    count_sendable: int = Field(
        description='Indicators that `verification/send` would send again for these filters, '
        'however many; those that wait to be sent are left out'
    )
    count_context_sendable: int = Field(
        description='Context objects that `verification/send-context` would send again for these '
        'filters, however many'
    )
    verification: Verification


class FindingFields(Shape):
    """What narrows the findings."""

    kind: FindingKind | None = None
    object_type: ObjectType | None = None
    indicator_type: TypeSlug | None = None
    owner: Annotated[str, Field(max_length=MAX_OWNER_CHARS)] | None = None
    query_id: Id | None = None
    text: ErrorText = ''


class FindingParameters(FindingFields, PageParameters):
    """Filters of the findings, and how they come."""

    format: Literal['json', 'csv'] = 'json'


class FindingSearchBody(FindingFields, PageBody):
    """Filters of the findings, in free text."""


class VerifyBody(Body):
    """How the next run of Verify is made, which begins at once."""

    whole: bool = Field(default=False, description='Whether each object is compared')


class SendFindingsBody(FindingFields, Body):
    """Of which findings the objects are sent again: a single one, or all that the filters name."""

    finding: Annotated[int, Field(ge=1, lt=2**63)] | None = Field(
        default=None, description='The `id` of one finding; then no filter may be set'
    )

    @model_validator(mode='after')
    def _one_or_filters(self) -> Self:
        filters = self.model_fields_set - {'finding'}
        if self.finding is not None and filters:
            raise ValueError('needs either finding or filters')
        return self


class ContextSent(Reply):
    """The context objects that the Task Context sends again."""

    count_objects: int


class WithdrawUnknownBody(Body):
    """The number of unknown objects, as a person has typed it."""

    count: Annotated[int, Field(ge=1, le=MAX_FINDINGS)]


class HistoryBody(Body):
    """An object of this Service."""

    stix_id: Annotated[
        str,
        Field(pattern=r'^indicator--[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'),
    ]


class ObjectRow(Reply):
    """One row of an object in Sentinel's table."""

    date_generated: Moment = Field(description='When the workspace took it')
    method: str = Field(description='By what, in the words of Sentinel')
    date_modified: Moment | None
    valid_until: Moment | None
    confidence: int | None
    is_active: bool | None
    is_revoked: bool
    is_deleted: bool
    is_parsed: bool


class ObjectHistory(Reply):
    """The rows of an object of the last 30 days, newest first."""

    rows: list[ObjectRow]
    error: LogsError | None = Field(description='Why they could not be read; null where they were')
