"""REPORTS: whether values are in Sentinel, and why not."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from sentinel_app.api.schemas.base import Body, Moment, Reply
from sentinel_app.api.schemas.configure import QueryMark
from sentinel_app.api.schemas.context import ActorName
from sentinel_app.api.schemas.match import ValueMatches
from sentinel_app.api.schemas.preview import StixObject
from sentinel_app.api.schemas.report import ReportedIndicator
from sentinel_app.core.containment import Relation
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.diagnostics.lookup import SentState
from sentinel_app.diagnostics.value_copy import Fate
from sentinel_app.diagnostics.verdict import Verdict

MAX_VALUE_CHARS = 10_000
MAX_VALUES = 500
MAX_LIST_CHARS = 100_000
"""Characters of all values together: the reply repeats them and stays below 1 MB."""

_Value = Annotated[str, Field(min_length=1, max_length=MAX_VALUE_CHARS, pattern=r'\S')]


class SendBody(Body):
    """Values that are sent at once, whether or not they have changed."""

    values: list[_Value] = Field(
        min_length=1, max_length=MAX_VALUES, description='As in the lookup: in any spelling'
    )


class WithdrawBody(SendBody):
    """Values whose objects are withdrawn at once, whichever query holds them."""

    reason: Annotated[str, Field(max_length=500)] = Field(default='', description='For the audit')


class LookupBody(Body):
    """Values, or a text that is split into values. Send one of the two."""

    values: list[_Value] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_VALUES,
        description='Whole summaries, hashes, STIX IDs, or values in any spelling, also defanged',
    )
    text: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_LIST_CHARS,
        pattern=r'\S',
        description='Split at the ends of lines and at tabs, and at commas and blanks between '
        f'what looks like values; at most {MAX_VALUES} of them',
    )

    @model_validator(mode='after')
    def _one_of_both(self) -> Self:
        if (self.values is None) is (self.text is None):
            raise ValueError('needs either values or text')
        if sum(map(len, self.values or ())) > MAX_LIST_CHARS:
            raise ValueError(f'may have at most {MAX_LIST_CHARS:,} characters in all values')
        return self


class DetailBody(Body):
    """A value: a whole summary, a hash of a File, or the value in another spelling."""

    value: _Value


class NearObject(Reply):
    """An active object that a value lies in, or that lies in it."""

    relation: Relation
    type: IndicatorType
    value: str
    owner: str
    query_id: str
    position: int | None
    first_sent: Moment | None
    last_sent: Moment
    valid_until: Moment


class LookupRow(Reply):
    """The answer to one value."""

    given: str
    times: int = Field(description='How often it was sent, in whatever spelling')
    value: str = Field(description='What was looked up')
    shown: str | None = Field(
        description='An international name as people write it, where it was looked up in ASCII'
    )
    types: list[IndicatorType] = Field(
        description='What it is, or what it may be by its form; empty where that is not clear'
    )
    verdict: Verdict
    why: str
    objects: int = Field(description='Active objects in Sentinel')
    owner: str | None
    query_id: str | None
    position: int | None = Field(description='Of the TQL query; null where it is no longer saved')
    first_sent: Moment | None
    last_sent: Moment | None
    valid_until: Moment | None
    near: NearObject | None = Field(description='The nearest thing in Sentinel, where there is one')


class LookupContext(Reply):
    """What the answers to values refer to."""

    queries: list[QueryMark] = Field(description='Those that are saved, for the positions')
    source_error: str | None = Field(
        description='Why ThreatConnect could not name its copies; null where it could'
    )


class LookupReply(LookupContext):
    """The answers to some values, in the order in which they were sent first."""

    rows: list[LookupRow]


class SentObject(ReportedIndicator):
    """One object that Sentinel has accepted, and how to find it there."""

    hash_kind: str | None = Field(
        description='For a File: which of its hashes the object stands for'
    )
    state: SentState
    query_id: str
    position: int | None = Field(description='Of its TQL query; null where that is no longer saved')
    request_id: str = Field(description='The Job that sent it last')
    first_sent: Moment = Field(description='The first version that Sentinel accepted')
    date_sent: Moment
    valid_until: Moment
    generation: int = Field(description='How often the value had been withdrawn and came back')
    stix_id: str
    sentinel_id: str
    kql: str
    portal_link: str = Field(
        description='Opens the Defender portal with the query, if the workspace is connected there'
    )
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


class Findings(LookupContext):
    """Everything that is known of a value."""

    row: LookupRow
    near: list[NearObject] = Field(description='What is in Sentinel around it and in it')
    sent: list[SentObject]
    refused: list[RefusedObject]
    copies: list[IndicatorCopy] = Field(description='The one that is sent first')
    matches: ValueMatches = Field(description='The alerts of Sentinel in which it was matched')
    actors: list[ActorName] = Field(
        description='The threat actors that one of its objects is to be related to'
    )
