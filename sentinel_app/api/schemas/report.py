"""REPORTS: the errors of Jobs, and who changed what."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sentinel_app.api.schemas.base import (
    DEFAULT_PAGE,
    Body,
    Id,
    IdPart,
    Moment,
    Page,
    PageParameters,
    Reply,
    Shape,
    TypeSlug,
)
from sentinel_app.api.schemas.configure import LabeledQuery
from sentinel_app.core.error_entry import About, ErrorState


class ReportedIndicator(Reply):
    """An Indicator behind an error; `id` is text, as it may exceed what a browser counts to."""

    id: str | None
    type: str | None
    summary: str | None
    owner: str | None
    web_link: str | None


class ReportedQuery(LabeledQuery):
    """The TQL query of a Job that had an error, as people call it."""

    position: int | None = Field(description='Its place now; null where it was deleted')


class ReportedError(Reply):
    """The errors of one Job with the same code and reason, whatever the value that they are about.

    `state` is `open` while one of them is, else `resolved` where one of them was.
    """

    id: str = Field(description='For `group` of the single errors')
    request_id: str
    code: str
    message: str
    reason: str
    count: int
    about: About
    query: ReportedQuery | None = Field(
        description='Of the Job; null where neither the query nor the Job is there any more'
    )
    state: ErrorState
    count_open: int
    count_resolved: int
    count_superseded: int
    date_state: Moment | None = Field(description='When one of them was closed last')
    count_tried_again: int = Field(
        description='Of the open ones, how many the next updates try again by themselves'
    )
    tries_left: int | None = Field(
        description='How often at most; null where there is no limit, or nothing to try again'
    )
    date_added: Moment = Field(description='When it occurred last')
    date_first: Moment
    indicators: list[ReportedIndicator] = Field(
        description='The first few; all are among the single errors'
    )


class ReportedErrorPage(Page):
    """A page of errors."""

    data: list[ReportedError]
    count_refused: int = Field(
        description='Of all that the filters let through: Indicators that Sentinel refuses now'
    )
    retry_request_id: str | None = Field(
        description='The Job that sends what was refused again, while one waits or runs'
    )


class ReportedEntry(Reply):
    """One single error; of a whole Job when it names no Indicator."""

    id: str
    request_id: str
    query: ReportedQuery | None = Field(
        description='Of the Job; null where neither the query nor the Job is there any more'
    )
    date_added: Moment
    code: str
    message: str
    reason: str
    about: About
    state: ErrorState
    date_state: Moment | None = Field(description='Since when it is not open')
    indicator: ReportedIndicator | None


class ReportedEntryPage(Page):
    """A page of single errors."""

    data: list[ReportedEntry]


ErrorCode = Annotated[str, Field(pattern=r'^[A-Za-z0-9-]{1,32}$')]
ErrorText = Annotated[
    str,
    Field(max_length=500, description='A part of message, reason or value, in any case'),
]


class ErrorFields(Shape):
    """What narrows the errors, of whatever state."""

    request_id: IdPart = Field(default='', description='A part of it, in any case')
    query_id: Id | None = None
    update_id: Id | None = None
    code: ErrorCode | None = None
    indicator_type: TypeSlug | None = None
    text: ErrorText = ''
    after: Moment | None = None
    before: Moment | None = None


class RetryRefusedBody(ErrorFields, Body):
    """Of which errors what was refused is sent again; of all that are open where nothing is set."""


class ErrorFilter(ErrorFields, PageParameters):
    """Filters of the errors."""

    state: ErrorState | None = None


class ErrorParameters(ErrorFilter):
    """Filters of the errors, and how they come."""

    format: Literal['json', 'csv'] = 'json'


MAX_ENTRY_PAGE = 1_000
ErrorNumber = Annotated[int, Field(ge=1, lt=2**63)]


class ErrorEntryParameters(ErrorFilter):
    """Which single errors are wanted."""

    limit: Annotated[int, Field(ge=1, le=MAX_ENTRY_PAGE)] = DEFAULT_PAGE
    group: ErrorNumber | None = Field(default=None, description='Only those of one line')
    until: ErrorNumber | None = Field(
        default=None,
        description='The `id` of the first error of the first page, so that pages do not shift',
    )


class AuditChange(Reply):
    """One field that was changed; null where it was not there before, or is not there now."""

    subject: str = Field(description='What it belongs to, for example `TQL query 2`')
    field: str
    before: str | None
    after: str | None


class AuditRecord(Reply):
    """Who changed what, when; `user` is null where ThreatConnect did not name one."""

    at: Moment
    user: str | None
    action: str
    detail: str
    changes: list[AuditChange] = Field(description='Field by field, where TQL queries were saved')
    changes_left_out: int = Field(description='How many more there were; long ones take much room')
    query_ids: list[str] = Field(description='The TQL queries that it is about')
    update_ids: list[str] = Field(
        description='The updates that it is about: the one that was queued, then that of a Job'
    )


class AuditParameters(PageParameters):
    """Filters of the audit."""

    action: Annotated[str, Field(pattern=r'^[a-z-]{1,64}$')] | None = Field(
        default=None, description='What was done, for example `task-pause`'
    )
    user: Annotated[str, Field(pattern=r'^[\w.@ -]{0,64}$')] = Field(
        default='', description="A part of the user's name, in any case"
    )
    query_id: Id | None = Field(default=None, description='Only what is about this TQL query')
    update_id: Id | None = Field(default=None, description='Only what is about this update')
    after: Moment | None = None
    before: Moment | None = None


class AuditPage(Page):
    """A page of the audit."""

    data: list[AuditRecord]
