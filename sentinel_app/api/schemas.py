"""Request and reply models of the HTTP API; OpenAPI and the page's types come from here."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
)
from pydantic.json_schema import WithJsonSchema, models_json_schema

from sentinel_app.api.ports import HealthState
from sentinel_app.core.models import IndicatorType, SortDirection
from sentinel_app.core.status import JobStatus, JobType, Mode
from sentinel_app.core.task import TaskCondition, TaskGroup, TaskSlug

MAX_QUERIES = 100
MAX_TQL_CHARS = 10_000
MAX_OWNERS = 500
MAX_OWNER_CHARS = 255
MAX_PAGE = 200
DEFAULT_PAGE = 20
# Far beyond what is kept, and within what every store can count to.
MAX_OFFSET = 1_000_000_000

TYPE_LABELS: Mapping[IndicatorType, str] = {
    IndicatorType.ADDRESS: 'Address',
    IndicatorType.ASN: 'ASN',
    IndicatorType.CIDR: 'CIDR',
    IndicatorType.EMAIL_ADDRESS: 'Email Address',
    IndicatorType.EMAIL_SUBJECT: 'Email Subject',
    IndicatorType.FILE: 'File',
    IndicatorType.HOST: 'Host',
    IndicatorType.REGISTRY_KEY: 'Registry Key',
    IndicatorType.URL: 'URL',
}


def slug(words: str) -> str:
    """The words as they may stand in a query string: lower case, with hyphens."""
    return words.lower().replace(' ', '-')


STATUS_BY_SLUG = {slug(status): status for status in JobStatus}
TYPE_BY_SLUG = {slug(label): name for name, label in TYPE_LABELS.items()}


def _utc(moment: dt.datetime) -> dt.datetime:
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError('must lie between the years 1 and 9999 in UTC') from None


def _rfc3339(given: object) -> object:
    # Without this, a bare number would count as seconds since 1970.
    if isinstance(given, dt.datetime):
        return given
    if isinstance(given, str) and re.match(r'\d{4}-\d\d-\d\d[Tt]\d', given):
        return given
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
    """Nothing: the address says it all. Send `{}`."""


class FieldError(Reply):
    """What is wrong with one field; `field` is its path, for example `queries.0.tql`."""

    field: str
    message: str


class Error(Shape):
    """Every answer that is no success. `code` also stands in the log."""

    title: str
    description: str
    code: str
    errors: list[FieldError] = Field(
        default_factory=list, description='One entry for each bad field, where fields are at fault.'
    )


class NextUpdate(Reply):
    """When the next scheduled update is due, and its mode."""

    at: Moment
    mode: Mode


class Query(Reply):
    """One saved TQL query; its place in the list is its precedence."""

    id: str
    owners: list[str]
    indicator_types: list[IndicatorType]
    tql: str
    sort_field: str | None
    sort_direction: SortDirection


class QueryBody(Body):
    """One TQL query to save; `id` is null for a new one."""

    id: Annotated[str, Field(max_length=64)] | None = None
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
    sort_direction: SortDirection = SortDirection.ASCENDING


class Configure(Reply):
    """The saved TQL queries, highest precedence first."""

    version: int
    queries: list[Query]
    next_update: NextUpdate | None
    last_run: Moment | None
    warning: str | None = Field(
        description='What the page must say about the store, for example that an older copy is used'
    )


class ConfigureBody(Body):
    """The whole list, the version it was made from, and the mode of the next scheduled update."""

    version: int
    queries: Annotated[list[QueryBody], Field(max_length=MAX_QUERIES)]
    run: Literal['delta', 'full'] | None = None


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


class JobQuery(Query):
    """The query of a Job, as it was when the Job was queued."""

    position: int = Field(description='0 is the highest')


class Job(Reply):
    """One TQL query's part of one update."""

    request_id: str
    update_id: str
    job_type: JobType
    mode: Mode
    status: JobStatus
    query: JobQuery
    date_queued: Moment
    date_started: Moment | None
    date_completed: Moment | None
    date_failed: Moment | None
    last_modified_filter_start: Moment | None
    last_modified_filter_end: Moment | None
    date_download_start: Moment | None
    date_download_complete: Moment | None
    download_runtime: Seconds | None
    date_convert_start: Moment | None
    date_convert_complete: Moment | None
    convert_runtime: Seconds | None
    date_upload_start: Moment | None
    date_upload_complete: Moment | None
    upload_runtime: Seconds | None
    total_runtime: Seconds | None
    count_read: int
    count_converted: int = Field(description='Of those read, how many were decided about')
    count_sent: int
    count_unchanged: int
    count_duplicate: int
    count_withheld: int
    count_expired: int
    count_unsupported: int
    count_invalid: int
    count_refused: int
    count_withdrawn: int
    count_failed: int
    count_object: int
    count_request: int
    count_throttled: int
    throttled_seconds: Seconds
    count_expected: int | None = Field(description='How many Indicators the query should give')
    count_held_back: int = Field(
        description='Objects that were not withdrawn because they were too many at once'
    )
    waiting_seconds: Seconds | None = Field(
        description='How long the Job still waits for the API limit; null when it does not'
    )
    warnings: list[str]
    retry_of: str | None
    failure_code: str | None
    failure_reason: str | None


NOT_SORTABLE = frozenset({'query', 'warnings', 'waiting_seconds'})
JOB_SORTS = (*(name for name in Job.model_fields if name not in NOT_SORTABLE), 'position')


class UpdateBody(Body):
    """An ad-hoc update; all queries where `query_ids` is absent."""

    mode: Mode
    query_ids: Annotated[list[str], Field(min_length=1, max_length=MAX_QUERIES)] | None = None
    modified_after: Moment | None = Field(
        default=None, description='Only with mode delta: the start of the window'
    )


class UpdateAccepted(Reply):
    """The update that was queued, and its Jobs in the order of precedence."""

    update_id: str
    request_ids: list[str]


class Task(Reply):
    """One Task, and how it stands."""

    slug: TaskSlug
    name: str
    description: str
    group: TaskGroup
    period_seconds: int
    timeout_minutes: float
    state: TaskCondition
    request_ids: list[str] = Field(
        description='The Jobs that it works on, in the order of precedence; often one'
    )
    last_heartbeat: Moment | None = Field(description='Only while it runs')
    heartbeat_age: Seconds | None = Field(description='Seconds since then, by the clock of the App')
    last_run_end: Moment | None = Field(description='Since the start of the Service')
    last_run_outcome: str | None
    date_paused: Moment | None
    paused_by: str | None = Field(description='Null when ThreatConnect did not say who it was')


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


class AuditRecord(Reply):
    """Who changed what, when; `user` is null when ThreatConnect did not say who it was."""

    at: Moment
    user: str | None
    action: str
    detail: str


class LastError(Reply):
    """The last error that the Service met."""

    at: Moment
    code: str
    message: str


class Storage(Reply):
    """Facts of the disk and of the App's two stores, in bytes."""

    documents_bytes: int
    database_bytes: int
    free_bytes: int
    warnings: list[str]


class Service(Reply):
    """What this Service is, without anything secret."""

    organization: str | None
    source_name: str
    workspace_id_end: str
    cloud: str


class Health(Reply):
    """How the App is."""

    version: str
    status: HealthState
    started_at: Moment
    next_update: NextUpdate | None
    last_error: LastError | None
    storage: Storage
    service: Service


class Page(Reply):
    """One page of a list. `next` and `previous` are query strings, to put after the same path."""

    count: int
    next: str | None
    previous: str | None
    total_count: int


class JobPage(Page):
    """A page of Jobs."""

    data: list[Job]


class TaskPage(Page):
    """The Tasks, in the order in which the page shows them."""

    data: list[Task]


class ReportedErrorPage(Page):
    """A page of errors."""

    data: list[ReportedError]


class AuditPage(Page):
    """A page of the audit."""

    data: list[AuditRecord]


def _pick(by_slug: Mapping[str, object]) -> Callable[[object], object]:
    def pick(given: object) -> object:
        if given not in by_slug:
            raise ValueError('must be one of ' + ', '.join(by_slug))
        return by_slug[str(given)]

    return pick


def _slugs(by_slug: Mapping[str, object]) -> WithJsonSchema:
    return WithJsonSchema({'type': 'string', 'enum': list(by_slug)})


StatusSlug = Annotated[JobStatus, BeforeValidator(_pick(STATUS_BY_SLUG)), _slugs(STATUS_BY_SLUG)]
TypeSlug = Annotated[IndicatorType, BeforeValidator(_pick(TYPE_BY_SLUG)), _slugs(TYPE_BY_SLUG)]
JobSort = Annotated[
    str,
    BeforeValidator(_pick({name: name for name in JOB_SORTS})),
    _slugs({name: name for name in JOB_SORTS}),
]
IdPart = Annotated[str, Field(pattern=re.compile(r'^[A-Za-z0-9-]{0,64}$'))]


class Parameters(Shape):
    """What every query string is made of: text that becomes typed, and nothing unknown."""

    model_config = ConfigDict(extra='forbid')


class PageParameters(Parameters):
    """Which part of a list is asked for."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE
    offset: Annotated[int, Field(ge=0, le=MAX_OFFSET)] = 0


class JobParameters(PageParameters):
    """Filters and order of the list of Jobs."""

    status: list[StatusSlug] = Field(default_factory=list, description='May be repeated')
    request_id: IdPart = Field(default='', description='A part of it, in any case')
    job_type: JobType | None = None
    mode: Mode | None = None
    sort: JobSort = 'date_queued'
    sort_order: SortDirection = SortDirection.DESCENDING


class ErrorParameters(PageParameters):
    """Filters of the errors."""

    request_id: IdPart = Field(default='', description='A part of it, in any case')
    code: Annotated[str, Field(pattern=r'^[A-Za-z0-9-]{1,32}$')] | None = None
    indicator_type: TypeSlug | None = None
    after: Moment | None = None
    before: Moment | None = None
    format: Literal['json', 'csv'] = 'json'


Model = TypeVar('Model', bound=Body)
Filter = TypeVar('Filter', bound=Parameters)


class InvalidInputError(Exception):
    """What was sent does not have the shape of its model."""

    def __init__(self, errors: Sequence[FieldError], *, is_malformed: bool = False) -> None:
        super().__init__('; '.join(f'{error.field}: {error.message}' for error in errors))
        self.errors = tuple(errors)
        self.is_malformed = is_malformed
        """The body is no JSON at all."""


_MESSAGES = {
    'missing': 'is required',
    'extra_forbidden': 'is not known',
    'too_short': 'needs at least {min_length}',
    'too_long': 'may have at most {max_length} entries',
    'string_too_short': 'must not be empty',
    'string_too_long': 'may have at most {max_length} characters',
    'timezone_aware': 'needs a time zone, for example Z',
}


def _field_errors(problem: ValidationError) -> list[FieldError]:
    found: dict[str, str] = {}
    for error in problem.errors(include_url=False, include_input=False):
        name = '.'.join(str(part) for part in error['loc']) or 'body'
        words = _MESSAGES.get(error['type'], error['msg'].removeprefix('Value error, '))
        facts = error.get('ctx', {}) if error['type'] in _MESSAGES else {}
        found.setdefault(name, words.format(**facts) if facts else words)
    return [FieldError(field=name, message=message) for name, message in found.items()]


def read_body(model: type[Model], body: bytes) -> Model:
    """The body as its model.

    Raises:
        InvalidInputError: it is no JSON, or not of that shape.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as problem:
        is_malformed = any(error['type'] == 'json_invalid' for error in problem.errors())
        raise InvalidInputError(_field_errors(problem), is_malformed=is_malformed) from None


def read_parameters(model: type[Filter], given: Mapping[str, object]) -> Filter:
    """A query string's names and values as their model.

    Raises:
        InvalidInputError: an unknown name, or a value of another kind.
    """
    try:
        return model.model_validate(given)
    except ValidationError as problem:
        raise InvalidInputError(_field_errors(problem)) from None


def component_schemas(
    replies: Iterable[type[Shape]], bodies: Iterable[type[Shape]], template: str
) -> dict[str, Any]:
    """The JSON schemas of models by name, as OpenAPI 3.1 wants them under `components`."""
    wanted = [(model, 'serialization') for model in replies]
    wanted += [(model, 'validation') for model in bodies]
    _, schema = models_json_schema(wanted, ref_template=template)  # type: ignore[arg-type]
    return dict(schema['$defs'])


def parameter_schemas(model: type[Parameters]) -> dict[str, Any]:
    """The JSON schema of each parameter by name, with what it refers to put in place."""
    schema = model.model_json_schema()
    return {
        name: _inlined(part, schema.get('$defs', {})) for name, part in schema['properties'].items()
    }


def _inlined(part: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(part, list):
        return [_inlined(item, definitions) for item in part]
    if not isinstance(part, dict):
        return part
    if '$ref' in part:
        return _inlined(definitions[part['$ref'].rsplit('/', 1)[1]], definitions)
    return {name: _inlined(value, definitions) for name, value in part.items()}
