"""What every model of the API is made of, and what several of them share."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
)
from pydantic.json_schema import WithJsonSchema

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import Mode
from sentinel_app.core.task import TaskSlug
from sentinel_app.core.trouble import System

MAX_PAGE = 200
DEFAULT_PAGE = 20
# Far beyond what is kept, and within what every store can count to.
MAX_OFFSET = 1_000_000_000


def slug(words: str) -> str:
    """Return the words as they may stand in a query string: lower case, with hyphens."""
    return words.lower().replace(' ', '-')


TYPE_BY_SLUG = {slug(name.label): name for name in IndicatorType}


def _utc(moment: dt.datetime) -> dt.datetime:
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError('must lie between the years 1 and 9999 in UTC') from None


def _rfc3339(value: object) -> object:
    # Without this, a bare number would count as seconds since 1970.
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, str) and re.match(r'\d{4}-\d\d-\d\d[Tt]\d', value):
        return value
    raise ValueError('must be a time such as 2026-01-31T08:00:00Z')


Moment = Annotated[
    AwareDatetime,
    Field(strict=False),
    BeforeValidator(_rfc3339),
    AfterValidator(_utc),
    WithJsonSchema({'type': 'string', 'format': 'date-time'}),
]
"""RFC 3339; replies are in UTC and end in `Z`."""


Seconds = Annotated[float, PlainSerializer(lambda value: round(value, 3), when_used='json')]


class Shape(BaseModel):
    """What every model of the API is."""

    model_config = ConfigDict(frozen=True)


class Reply(Shape):
    """What every reply is made of: all fields always present."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Body(Shape):
    """What every request body is made of: nothing unknown, nothing of another type."""

    model_config = ConfigDict(extra='forbid', strict=True)


class EmptyBody(Body):
    """Nothing: the path says it all. Send `{}`."""


class FieldError(Reply):
    """What is wrong with one field; `field` is its path, for example `queries.0.tql`."""

    field: str
    message: str


class Error(Shape):
    """A refusal, whatever went wrong. `code` also stands in the log."""

    title: str
    description: str
    code: str
    errors: list[FieldError] = Field(
        default_factory=list, description='One entry for each bad field, where fields are at fault.'
    )
    saved_at: Moment | None = Field(
        default=None, description='Where the list of TQL queries was changed: when it was saved'
    )
    saved_by: str | None = Field(default=None, description='By whom, where that is known')


class LogsError(Reply):
    """Why the workspace's tables could not be read. Updates do not depend on it."""

    code: str
    message: str
    remedy: str = Field(description='What to do; empty where it passes by itself')
    reason: str = Field(description="The other side's own words; empty without any")


class AskedWait(Reply):
    """A wait that Sentinel asked for. `POST api/task/{slug}/send-now` ends it early."""

    until: Moment
    reason: str = Field(description='Why, in the words of the answer')


class TimeLeft(Reply):
    """How long an update, or a Job and those before it, still takes."""

    seconds: Seconds
    is_least: bool = Field(description='Whether more is to be read of which nobody knows how much')


class Pause(Reply):
    """A Task that is paused, where something waits for it."""

    task: TaskSlug
    name: str
    since: Moment | None
    by: str | None = Field(description='Null where ThreatConnect did not name the user')
    until: Moment | None = Field(description='When it resumes by itself; null for never')
    reason: str | None


class Trouble(Reply):
    """A system that does not answer as it should, while it is tried again."""

    system: System
    attempt: int = Field(
        description='Number of the attempt that begins at `until`, or is under way since then'
    )
    since: Moment = Field(description='When the first of these attempts failed')
    until: Moment
    code: str
    message: str = Field(description='What the last attempt ended in')
    reason: str = Field(description="The answer's own words; empty where nothing was answered")


class NextUpdate(Reply):
    """When the next scheduled update is due, and its mode."""

    at: Moment
    mode: Mode


class Page(Reply):
    """One page of a list.

    `next` and `previous` are query strings, to put after the same path; null where the list was
    requested by a body, which says itself which part is wanted.
    """

    count: int
    next: str | None
    previous: str | None
    total_count: int


class Parameters(Shape):
    """What every query string is made of: text that becomes typed, and nothing unknown."""

    model_config = ConfigDict(extra='forbid')


class PageFields(Shape):
    """Which part of a list is wanted."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE
    offset: Annotated[int, Field(ge=0, le=MAX_OFFSET)] = 0


class PageParameters(PageFields, Parameters):
    """Which part of a list is wanted."""


class PageBody(PageFields, Body):
    """Which part of a list is wanted, where filters hold free text."""


def picked(by_slug: Mapping[str, object]) -> Callable[[object], object]:
    """Return what turns a word of a query string into the value that it stands for."""

    def pick(value: object) -> object:
        # A name that comes twice has a list of values.
        if not isinstance(value, str) or value not in by_slug:
            raise ValueError('must be one of ' + ', '.join(by_slug))
        return by_slug[value]

    return pick


def slugs(by_slug: Mapping[str, object]) -> WithJsonSchema:
    """Return the JSON schema of the words that `picked` knows."""
    return WithJsonSchema({'type': 'string', 'enum': list(by_slug)})


TypeSlug = Annotated[IndicatorType, BeforeValidator(picked(TYPE_BY_SLUG)), slugs(TYPE_BY_SLUG)]
Id = Annotated[str, Field(pattern=r'^[A-Za-z0-9-]{1,64}$')]
IdPart = Annotated[str, Field(pattern=re.compile(r'^[A-Za-z0-9-]{0,64}$'))]
