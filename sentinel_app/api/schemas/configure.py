"""CONFIGURE: the saved TQL queries, and what their fields may hold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sentinel_app.api.schemas.base import Body, Moment, NextUpdate, Reply
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import JobStatus, Mode
from sentinel_app.core.query import MAX_NAME_CHARS, MAX_NOTE_CHARS, SortDirection

MAX_QUERIES = 100
MAX_TQL_CHARS = 10_000
MAX_OWNERS = 500
MAX_OWNER_CHARS = 255


class Query(Reply):
    """One saved TQL query; its place in the list is its precedence."""

    id: str
    name: str | None = Field(description='What people call it; null where it has no name')
    note: str | None
    is_enabled: bool = Field(description='Whether it takes part in updates')
    owners: list[str]
    indicator_types: list[IndicatorType]
    tql: str
    sort_field: str | None
    sort_direction: SortDirection


class LabelScope(Reply):
    """What a label that is neither a name nor TQL is made of."""

    indicator_types: list[IndicatorType]
    owners: list[str]


LabelScopeOrNone = Annotated[
    LabelScope | None, Field(description='Where `label` is made of types and owners: these')
]


class Labeled(Reply):
    """What people call a TQL query."""

    label: str = Field(
        description='Its name; without one the beginning of its TQL, or else types and owners'
    )
    label_scope: LabelScopeOrNone


class LabeledQuery(Labeled):
    """A TQL query as people call it."""

    query_id: str


class QueryMark(LabeledQuery):
    """A saved TQL query as people call it, and its place in the list."""

    position: int
    is_enabled: bool


class LastCount(Reply):
    """How much a saved TQL query returned when it was last read as a whole."""

    query_id: str
    last_count: int = Field(
        description='Indicators that the latest completed full or reconcile Job of the query read'
    )
    last_counted: Moment = Field(description='When that Job was complete')


class RecentJob(Reply):
    """One of the last Jobs of a TQL query, in short."""

    request_id: str
    date_ended: Moment
    status: JobStatus
    mode: Mode
    count_read: int
    count_sent: int
    count_refused: int


class QueryOverlap(Reply):
    """What the last whole reading found that was sent from another copy."""

    count_duplicate: int = Field(
        description='Indicators that were sent from a higher query or, where the query has several '
        'owners, from another copy of its own'
    )
    count_sendable: int = Field(description='Indicators that could have been sent')
    taken_by: QueryMark | None = Field(
        description='The higher query that sent them, where only one can have'
    )


class QueryResult(Reply):
    """What came of a saved TQL query lately."""

    query_id: str
    objects_live: int = Field(description='Active objects in Sentinel because of it')
    recent: list[RecentJob] = Field(
        description='Its last Jobs that ended, oldest first, ten at most; cancelled ones left out'
    )
    overlap: QueryOverlap | None = Field(
        description='Null for the highest query, and until all of it was read since it, or those '
        'above it, were changed'
    )
    sends_nothing: Literal['covered', 'measured'] | None = Field(
        description='Why it cannot send anything: higher queries return all that it can return '
        '(`covered`), or had all that its last whole reading found (`measured`)'
    )
    covered_by: list[QueryMark] = Field(description='With `covered`: those higher queries')


class QueryBody(Body):
    """One TQL query to save; `id` is null for a new one."""

    id: Annotated[str, Field(max_length=64)] | None = None
    name: Annotated[str, Field(max_length=10 * MAX_NAME_CHARS)] | None = Field(
        default=None,
        description=f'At most {MAX_NAME_CHARS} characters in one line; no two queries have the '
        'same one. Empty means none',
    )
    note: Annotated[str, Field(max_length=10 * MAX_NOTE_CHARS)] | None = Field(
        default=None, description=f'At most {MAX_NOTE_CHARS} characters. Empty means none'
    )
    is_enabled: bool = True
    owners: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=MAX_OWNER_CHARS)]],
        Field(min_length=1, max_length=MAX_OWNERS),
    ]
    indicator_types: Annotated[
        list[IndicatorType], Field(min_length=1, max_length=len(IndicatorType))
    ]
    tql: Annotated[str, Field(max_length=MAX_TQL_CHARS)] = Field(
        description='May be empty: everything of these owners and types'
    )
    sort_field: Annotated[str, Field(max_length=100)] | None = None
    sort_direction: SortDirection | None = Field(
        default=SortDirection.ASCENDING, description='Null means `asc` as well'
    )


QueryBodies = Annotated[list[QueryBody], Field(max_length=MAX_QUERIES)]


class OpenUpdate(Reply):
    """An update that is running, or queued."""

    update_id: str
    mode: Mode
    date_started: Moment | None = Field(description='Null while it is queued')


class Configure(Reply):
    """The saved TQL queries, highest precedence first."""

    version: int
    saved_at: Moment | None = Field(description='Null before the first save')
    saved_by: str | None = Field(description='Null where ThreatConnect did not name the user')
    queries: list[Query]
    next_update: NextUpdate | None
    open_update: OpenUpdate | None = Field(
        description='The update that is running, else the first that is queued'
    )
    last_run: Moment | None
    last_counts: list[LastCount] = Field(
        description='None for a query without such a Job: since its owners, types or TQL were '
        'edited, or among the Jobs that are kept'
    )
    results: list[QueryResult] = Field(description='One for each query, in the same order')
    warning: str | None = Field(
        description='What a person must know of the store, for example that an older copy is used'
    )


class ListBody(Body):
    """What a list of TQL queries was made from, and what of that is withdrawn."""

    version: int = Field(description='Of the list that it was made from')
    withdraw: Annotated[list[str], Field(max_length=MAX_QUERIES)] = Field(
        default_factory=list,
        description='Ids of queries that saving it deletes, and whose objects are withdrawn then '
        'unless another query selects them; those of the others stay until they expire',
    )


class SaveBody(ListBody):
    """How a list of TQL queries is saved."""

    run: Literal['delta', 'full'] | None = Field(
        default=None, description='Mode of the next scheduled update'
    )
    confirm_empty: bool = Field(
        default=False, description='Must be true to save an empty list in place of queries'
    )


class ConfigureBody(SaveBody):
    """The whole list, and how it is saved."""

    queries: QueryBodies


class OwnerOption(Reply):
    """An owner that queries may name."""

    name: str
    type: str


class NamedOption(Reply):
    """A value as the API takes it, and its label for people."""

    name: str
    label: str


class TqlKeyword(Reply):
    """A word that this ThreatConnect's TQL knows for Indicators."""

    name: str
    type: str
    description: str


class Options(Reply):
    """What the fields of a TQL query may hold."""

    owners: list[OwnerOption]
    indicator_types: list[NamedOption]
    sort_fields: list[NamedOption]
    tql_keywords: list[TqlKeyword]
