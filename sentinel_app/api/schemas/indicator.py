"""REPORTS: what became of one value."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sentinel_app.api.schemas.base import Body, Moment, Reply
from sentinel_app.api.schemas.configure import QueryMark
from sentinel_app.api.schemas.preview import StixObject
from sentinel_app.api.schemas.report import ReportedIndicator
from sentinel_app.inquiry.copy import Fate
from sentinel_app.inquiry.lookup import SentState

MAX_VALUE_CHARS = 10_000


class LookupBody(Body):
    """A value: a whole summary, a hash of a File, or the value in another spelling."""

    value: Annotated[str, Field(min_length=1, max_length=MAX_VALUE_CHARS, pattern=r'\S')]


class SentObject(ReportedIndicator):
    """One object that Sentinel has accepted, and how to find it there."""

    hash_kind: str | None = Field(
        description='For a File: which of its hashes the object stands for'
    )
    state: SentState
    query_id: str
    position: int | None = Field(description='Of its TQL query; null where that is no longer saved')
    request_id: str = Field(description='The Job that sent it last')
    date_sent: Moment
    valid_until: Moment
    generation: int = Field(description='How often the value had been withdrawn and came back')
    stix_id: str
    sentinel_id: str
    kql: str
    stix: StixObject = Field(description='As it was sent')


class ObjectError(Reply):
    """The last error about an Indicator that is still kept."""

    request_id: str
    date_added: Moment
    code: str
    reason: str


class RefusedObject(Reply):
    """An object that Sentinel refused when it was sent last."""

    object_key: str
    indicator_id: str
    query_id: str
    position: int | None
    attempts: int = Field(description='How often just this content was refused')
    error: ObjectError | None


class IndicatorCopy(ReportedIndicator):
    """A copy that ThreatConnect holds now, and what becomes of it."""

    fate: Fate
    reason: str
    positions: list[int] = Field(description='The saved TQL queries that return it')


class Findings(Reply):
    """What became of a value."""

    value: str
    sent: list[SentObject]
    refused: list[RefusedObject]
    copies: list[IndicatorCopy]
    queries: list[QueryMark] = Field(description='Those that are saved, for the positions above')
    source_error: str | None = Field(
        description='Why ThreatConnect could not tell of its copies; null where it could'
    )
