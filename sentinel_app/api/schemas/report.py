"""REPORTS: the errors of Jobs, and who changed what."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sentinel_app.api.schemas.base import IdPart, Moment, Page, PageParameters, Reply, TypeSlug


class ReportedIndicator(Reply):
    """An Indicator behind an error; `id` is text, as it may exceed what a browser counts to."""

    id: str | None
    type: str | None
    summary: str | None
    owner: str | None
    web_link: str | None


class ReportedError(Reply):
    """The errors of one Job with the same code and reason."""

    request_id: str
    code: str
    message: str
    reason: str
    count: int
    date_added: Moment = Field(description='When it occurred last')
    date_first: Moment
    indicators: list[ReportedIndicator] = Field(description='The first few; all are in the CSV')


class ReportedErrorPage(Page):
    """A page of errors."""

    data: list[ReportedError]


class ErrorParameters(PageParameters):
    """Filters of the errors."""

    request_id: IdPart = Field(default='', description='A part of it, in any case')
    code: Annotated[str, Field(pattern=r'^[A-Za-z0-9-]{1,32}$')] | None = None
    indicator_type: TypeSlug | None = None
    after: Moment | None = None
    before: Moment | None = None
    format: Literal['json', 'csv'] = 'json'


class AuditRecord(Reply):
    """Who changed what, when; `user` is null when ThreatConnect did not say who it was."""

    at: Moment
    user: str | None
    action: str
    detail: str


class AuditPage(Page):
    """A page of the audit."""

    data: list[AuditRecord]
