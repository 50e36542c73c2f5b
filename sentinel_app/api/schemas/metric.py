"""DASHBOARD: the App in figures."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sentinel_app.api.schemas.base import (
    AskedWait,
    Moment,
    NextUpdate,
    Parameters,
    Pause,
    Reply,
    Seconds,
    TimeLeft,
    Trouble,
)
from sentinel_app.api.schemas.configure import LabelScopeOrNone
from sentinel_app.api.schemas.context import Context
from sentinel_app.api.schemas.health import HealthReport
from sentinel_app.api.schemas.job import UpdateFacts
from sentinel_app.api.schemas.match import MatchSummary
from sentinel_app.api.schemas.preview import TypeCount
from sentinel_app.api.schemas.verification import Verification
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import JobStatus

MAX_HOURS = 8_784
DEFAULT_HOURS = 168


class Figures(Reply):
    """What Jobs come to. The outcomes of all Indicators read add up to `read` at their end."""

    jobs: int
    jobs_failed: int
    read: int
    sent: int
    unchanged: int
    duplicate: int
    withheld: int
    expired: int
    unsupported: int
    invalid: int
    refused: int
    withdrawn: int
    failed: int
    objects: int
    requests: int
    throttled: int
    throttled_seconds: Seconds


class UpdateFigures(UpdateFacts):
    """An update, and what its Jobs came to."""

    date_ended: Moment | None
    expected: int | None = Field(description='How many Indicators it should read, if known')
    time_left: TimeLeft | None = Field(
        description='While it runs; null while it is not known, paused or waiting for a system'
    )
    figures: Figures


class QueryCount(Reply):
    """How many objects Sentinel holds because of one TQL query."""

    query_id: str
    position: int | None = Field(description='Null where the query is no longer saved')
    label: str | None = Field(
        description='What people call it; null where the query is no longer saved'
    )
    label_scope: LabelScopeOrNone
    is_enabled: bool
    owners: list[str] = Field(description='Empty where the query is no longer saved')
    indicator_types: list[IndicatorType]
    count: int
    expires_by: Moment | None = Field(
        description='When the last of them has expired unless it is sent again, to the hour'
    )


class StatusCount(Reply):
    """How many Jobs have a status, of those that are kept."""

    status: JobStatus
    count: int


class Backlog(Reply):
    """What waits."""

    updates: int = Field(description='Queued, and not begun')
    indicators: int = Field(description='Read, and not yet converted')
    objects: int = Field(description='Ready to be sent')
    seconds: Seconds = Field(description='What sending those takes under the API limit')


class LimitUse(Reply):
    """How much of the API limit is used at this moment."""

    requests_per_minute: int
    used: int = Field(description='Upload requests that count against the limit now')
    used_by_checks: int = Field(
        description='Requests of *Run check* and of the start, which count as well'
    )
    waiting_seconds: Seconds | None
    asked_wait: AskedWait | None


class HourFigures(Figures):
    """The figures of the Jobs that ended within one hour."""

    hour: Moment = Field(description='Its start')


class MetricHistory(Reply):
    """Figures by the hour of the end of each Job; an hour without one is left out.

    What the Jobs that run have come to so far is in the present hour.
    """

    start: Moment
    end: Moment
    data: list[HourFigures]


class MetricSummary(Reply):
    """The App in figures."""

    objects_live: int = Field(description='Sent, not withdrawn and still valid')
    by_type: list[TypeCount]
    by_query: list[QueryCount]
    total: Figures = Field(description='Of all Jobs that ever ended')
    jobs: list[StatusCount]
    pauses: list[Pause] = Field(description='The paused Tasks of the pipeline')
    troubles: list[Trouble] = Field(description='The systems that do not answer at this moment')
    running: UpdateFigures | None
    last_update: UpdateFigures | None = Field(description='The one that ended last')
    next_update: NextUpdate | None
    refused_now: int = Field(
        description='Indicators with an object that Sentinel refuses at present'
    )
    backlog: Backlog
    limit: LimitUse
    matches: MatchSummary
    verification: Verification
    context: Context | None = Field(description='Null while *Context Objects* is None')
    health: HealthReport
    history: MetricHistory | None = Field(description='Null unless `hours` is given')


class SummaryParameters(Parameters):
    """Whether the figures by the hour come along."""

    hours: Annotated[int, Field(ge=1, le=MAX_HOURS)] | None = Field(
        default=None, description='With `history` of so many hours, as `metric/history` returns it'
    )


class HistoryParameters(Parameters):
    """Number of hours."""

    hours: Annotated[int, Field(ge=1, le=MAX_HOURS)] = DEFAULT_HOURS
