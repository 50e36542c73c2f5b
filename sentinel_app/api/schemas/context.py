"""REPORTS: the context objects behind the Indicators."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sentinel_app.api.schemas.base import (
    Body,
    Moment,
    Page,
    PageBody,
    PageParameters,
    Pause,
    Reply,
    Seconds,
    Shape,
)
from sentinel_app.api.schemas.report import ReportedIndicator
from sentinel_app.core.context_choice import ActorGroupType, ContextChoice
from sentinel_app.core.context_outbox import MOST_ACTORS
from sentinel_app.core.context_report import ActorSort, ContextState
from sentinel_app.core.query import SortDirection
from sentinel_app.core.tlp import Tlp

MAX_WITHDRAWN = 2**53 - 1

ContextKindName = Literal['identity', 'actor', 'relationship']


class ContextCount(Reply):
    """How many objects of one kind are live."""

    kind: ContextKindName
    count: int


class ContextError(Reply):
    """What keeps context objects from being sent. Indicators do not depend on it."""

    code: str
    message: str
    reason: str = Field(description="The other side's own words; empty without any")


class Context(Reply):
    """How Context stands."""

    choice: ContextChoice = Field(description='The input *Context Objects*')
    actor_types: list[ActorGroupType] = Field(description='The input *Actor Group Types*')
    live: list[ContextCount]
    count_waiting: int = Field(description='Objects and withdrawals that wait to be sent')
    count_due: int = Field(
        description='Objects of Indicators whose relationships are still to be gone through'
    )
    count_refused: int
    count_unwanted: int = Field(
        description='Live objects that are withdrawn after the next complete reading'
    )
    count_held_back: int = Field(
        description='Withdrawals that wait for a decision, for `context/withdraw`'
    )
    seconds_left: Seconds | None = Field(
        description='About how long sending takes, in what Indicators leave of the API limit; null '
        'where it is paused or something keeps it from being sent'
    )
    requests_per_minute: int = Field(description='Requests that context may use of the API limit')
    date_ended: Moment | None = Field(
        description='When everything had been gone through and sent last'
    )
    error: ContextError | None
    pause: Pause | None = Field(description='Null unless the Task is paused')


class ActorGroup(Reply):
    """A Group of ThreatConnect that a threat actor is made of."""

    id: str
    type: str
    name: str
    owner: str
    web_link: str | None


class ContextRefusal(Reply):
    """The last refusal of a context object."""

    code: str
    reason: str
    date_refused: Moment
    attempts: int = Field(description='How often just this content was refused')


class ActorName(Reply):
    """A threat actor, and the Groups that it is made of."""

    id: str
    stix_id: str
    name: str
    state: ContextState
    groups: list[ActorGroup] = Field(
        description='All that are merged: Groups of one MITRE id, or else of one name, which '
        'different actors may have'
    )


class Actor(ActorName):
    """A threat actor with all that is known of it."""

    aliases: list[str]
    count_objects: int = Field(
        description='Objects of Indicators that it is related to; a File has one for each hash'
    )
    tlp: Tlp | None
    refusal: ContextRefusal | None = Field(
        description='Null unless Sentinel refuses its newest version'
    )


class ActorPage(Page):
    """A page of threat actors."""

    data: list[Actor]


class ActorFields(Shape):
    """Which threat actors are wanted, and in which order."""

    state: ContextState | None = None
    text: Annotated[
        str,
        Field(max_length=500, description='A part of the name or of the MITRE id, in any case'),
    ] = ''
    sort: ActorSort = ActorSort.NAME
    sort_order: SortDirection = SortDirection.ASCENDING


class ActorParameters(ActorFields, PageParameters):
    """Which threat actors are wanted, and in which order."""


class ActorSearchBody(ActorFields, PageBody):
    """Which threat actors are wanted, in free text, and in which order."""


class RelatedIndicator(ReportedIndicator):
    """An object of an Indicator that is to be related to a threat actor."""

    value: str = Field(description='Of the object: for a File, one of its hashes')
    hash_kind: str | None = Field(description='Of a File, which has an object for each hash')
    state: ContextState = Field(
        description='Of the relationship; `live` where it is related in Sentinel'
    )


class RelatedIndicatorPage(Page):
    """A page of the Indicators of a threat actor."""

    data: list[RelatedIndicator]


class RefusedContextObject(Reply):
    """A context object that Sentinel refuses."""

    id: str
    kind: ContextKindName
    stix_id: str
    name: str = Field(description='Of a relationship, that of its threat actor')
    summary: str | None = Field(
        description='Of the Indicator of a relationship; null for other kinds'
    )
    is_live: bool = Field(description='Whether Sentinel has an older version')
    refusal: ContextRefusal


class RefusedContextObjectPage(Page):
    """A page of what Sentinel refuses of all kinds."""

    data: list[RefusedContextObject]


class WithdrawContextBody(Body):
    """The number of withdrawals that are held back, as a person has typed it."""

    count: Annotated[int, Field(ge=1, le=MAX_WITHDRAWN)]


class JobContext(Reply):
    """What became of the context objects that a Job has called for."""

    waiting: int
    sent: int
    withdrawn: int
    refused: int
    left_out: int = Field(
        description=f'Threat actors of its Indicators beyond the {MOST_ACTORS} that each of them '
        'is related to'
    )
