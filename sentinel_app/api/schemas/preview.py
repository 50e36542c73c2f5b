"""CONFIGURE: what a TQL query would return."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from sentinel_app.api.schemas.base import Reply, Seconds
from sentinel_app.api.schemas.configure import MAX_QUERIES, QueryBody
from sentinel_app.api.schemas.report import ReportedIndicator
from sentinel_app.core.context_outbox import MOST_ACTORS
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import Outcome


class PreviewBody(QueryBody):
    """A TQL query, and where in the list it would stand."""

    position: Annotated[int, Field(ge=0, le=MAX_QUERIES)] | None = Field(
        default=None,
        description='0 is the highest; absent, a saved query stays and a new one goes to the end',
    )


class TqlChecked(Reply):
    """ThreatConnect takes the TQL."""

    total_count: int = Field(description='How many Indicators the query matches now')


class TypeCount(Reply):
    """How many there are of one Indicator type."""

    indicator_type: IndicatorType
    count: int


class StixObject(Reply):
    """A STIX object, checked by OASIS's own library."""

    object: dict[str, Any]
    is_valid: bool
    verdict: str = Field(description='"valid STIX 2.1", or why not')


class PreviewIndicator(ReportedIndicator):
    """One of the first Indicators, and what would become of it."""

    outcome: Outcome | None = Field(description='Why it would not be sent; null where it would')
    reason: str | None
    taken_by: int | None = Field(description='Position of the higher TQL query that takes it')
    objects: list[StixObject]


class HeldBackExample(Reply):
    """An Indicator that would not be sent, and why."""

    summary: str
    reason: str


class HeldBack(Reply):
    """How many of the sample would not be sent, for one kind of reason."""

    outcome: Outcome
    count: int
    examples: list[HeldBackExample] = Field(description='The first few')


class HigherQuery(Reply):
    """How many of the sample a higher TQL query takes."""

    position: int
    query_id: str
    count: int


class HigherQueries(Reply):
    """How many of the sample the higher TQL queries take."""

    count: int
    basis: Literal['threatconnect', 'ledger'] = Field(
        description='Whether ThreatConnect said what the higher queries return, or the ledger what'
        ' they have sent so far'
    )
    queries: list[HigherQuery]


class PreviewContext(Reply):
    """What context would come of the query; as everything here, estimated from the sample."""

    estimated_identities: int
    estimated_actors: int = Field(description='At most: many Indicators may have the same one')
    estimated_relationships: int
    estimated_left_out: int = Field(
        description=f'Relationships with threat actors beyond the {MOST_ACTORS} that an Indicator '
        'may have'
    )
    estimated_requests: int
    estimated_seconds: Seconds = Field(
        description='What sending it takes in what Indicators leave of the API limit'
    )


class Preview(Reply):
    """What a TQL query would return; nothing was sent and nothing stored."""

    position: int
    total_count: int
    counts: list[TypeCount]
    sample_count: int = Field(
        description='How many Indicators were checked one by one; the rest is an estimate from them'
    )
    is_exact: bool = Field(description='Whether the sample is all that there is')
    indicators: list[PreviewIndicator] = Field(description='The first ten')
    held_back: list[HeldBack]
    higher: HigherQueries
    estimated_objects: int
    estimated_requests: int
    estimated_seconds: Seconds = Field(description='What sending them takes under the API limit')
    context: PreviewContext | None = Field(description='Null while *Context Objects* is None')
