"""REPORTS: Indicators of ours in the alerts of Sentinel."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sentinel_app.api.schemas.base import (
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
from sentinel_app.api.schemas.report import ReportedIndicator, ReportedQuery
from sentinel_app.core.alert import AlertSeverity
from sentinel_app.core.match import MatchKind, MatchOutcome, MatchSort
from sentinel_app.core.query import SortDirection


class MatchRun(Reply):
    """How the Task Match stands."""

    interval_hours: int = Field(description='Hours between two runs; 0 for never')
    date_began: Moment | None = Field(description='Of the last run; null before the first')
    date_ended: Moment | None = Field(
        description='Of the last run; null or earlier than `date_began` while one is under way, '
        'or was cut off'
    )
    date_completed: Moment | None = Field(description='End of the last run that did not fail')
    date_next: Moment | None = Field(description='Null while it is off or paused')
    read_until: Moment | None = Field(description='Up to when alerts have been read')
    outcome: MatchOutcome | None = Field(
        description='Of the last run that ended; `no-table` where the workspace has no alerts yet'
    )
    date_seen: Moment | None = Field(
        description='When a run last read an alert at all; null where it has seen none: there are '
        'none, or the application may not see them'
    )
    count_alerts: int = Field(description='Alerts that the last run read')
    count_unreadable: int = Field(
        description='Those of them whose details or entities could not be read in full'
    )
    count_new: int = Field(
        description='Matches of the last run that were not known: pairs of an alert and an object'
    )
    error: LogsError | None


class MatchedAlert(Reply):
    """One alert in which an Indicator was matched."""

    id: str
    name: str
    severity: AlertSeverity
    product: str
    kind: MatchKind
    date_first: Moment = Field(description='First event behind it')
    date_last: Moment = Field(description='Last event behind it')
    link: str = Field(
        description="The alert's own link, or the Defender portal with a query for it"
    )


class MatchedIndicator(ReportedIndicator):
    """An Indicator, and all its matches that the filters let through."""

    query_id: str = Field(description='The query that had sent it when its newest alert was read')
    query: ReportedQuery | None = Field(description='Null where it was deleted')
    kind: MatchKind = Field(
        description='`exact` if one of the alerts carries the id of its object; `value` if alerts '
        'only have its value among their entities'
    )
    count_alerts: int
    date_first: Moment
    date_last: Moment
    severity: AlertSeverity = Field(description='The highest of the alerts')
    alert_names: list[str] = Field(description='The first few, newest first')
    count_alert_names: int
    alert_link: str = Field(description='To the newest alert')


class MatchedIndicatorPage(Page):
    """A page of matched Indicators, and how the Task Match stands."""

    data: list[MatchedIndicator]
    run: MatchRun


class MatchedAlertPage(Page):
    """A page of the alerts of one Indicator, newest first."""

    data: list[MatchedAlert]


class ValueMatches(Reply):
    """The alerts in which a value was matched."""

    count: int
    alerts: list[MatchedAlert] = Field(description='The newest few')


class MatchFields(Shape):
    """What narrows the matches."""

    kind: MatchKind | None = None
    severity: AlertSeverity | None = None
    after: Moment | None = Field(default=None, description='Of the last event behind an alert')
    before: Moment | None = None


class MatchedAlertParameters(MatchFields, PageParameters):
    """Which alerts of an Indicator are wanted."""


class MatchedIndicatorFields(MatchFields):
    """Which matched Indicators are wanted, and in which order."""

    indicator_type: TypeSlug | None = None
    owner: Annotated[str, Field(max_length=MAX_OWNER_CHARS)] | None = None
    query_id: Id | None = None
    text: Annotated[
        str,
        Field(max_length=500, description='A part of the value or of an alert name, in any case'),
    ] = ''
    sort: MatchSort = MatchSort.LAST
    sort_order: SortDirection = SortDirection.DESCENDING


class MatchedIndicatorParameters(MatchedIndicatorFields, PageParameters):
    """Which matched Indicators are wanted, in which order, and how they come."""

    format: Literal['json', 'csv'] = 'json'


class MatchedIndicatorSearchBody(MatchedIndicatorFields, PageBody):
    """Which matched Indicators are wanted, in free text, and in which order."""


class MatchQueryCount(Reply):
    """How many matched Indicators a TQL query had sent."""

    query_id: str
    query: ReportedQuery | None = Field(description='Null where it was deleted')
    count: int


class MatchOwnerCount(Reply):
    """How many matched Indicators are of an owner."""

    owner: str
    count: int


class MatchSummary(Reply):
    """Indicators that were matched in the last days: which feed earns its keep."""

    days: int
    count_indicators: int
    count_exact: int = Field(description='Those with an exact match')
    count_alerts: int
    by_query: list[MatchQueryCount] = Field(description='Most first')
    by_owner: list[MatchOwnerCount] = Field(description='Most first')
    run: MatchRun
