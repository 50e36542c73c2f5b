"""JOBS: the list, one Job, and asking for an update."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from sentinel_app.api.schemas.base import (
    DEFAULT_PAGE,
    AskedWait,
    Body,
    Id,
    IdPart,
    Moment,
    Page,
    PageParameters,
    Pause,
    Reply,
    Seconds,
    TimeLeft,
    Trouble,
    picked,
    slug,
    slugs,
)
from sentinel_app.api.schemas.configure import MAX_QUERIES, LabeledQuery, Query
from sentinel_app.api.schemas.context import JobContext
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import JobStatus, JobType, Mode
from sentinel_app.core.query import SortDirection
from sentinel_app.core.scope import Scope
from sentinel_app.core.update_summary import UpdateState


class JobQuery(Query):
    """The query of a Job, as it was when the Job was queued."""

    position: int = Field(description='Its place then; 0 is the highest')
    current_position: int | None = Field(description='Its place now; null when it was deleted')


class UpdateFacts(Reply):
    """What an update is, and each of its Jobs as well."""

    update_id: str
    job_type: JobType
    mode: Mode
    scope: Scope = Field(
        description='What it is about; unless it is `whole`, nothing beside that is read, and no '
        'cursor moves'
    )
    count_asked: int = Field(
        description='How many values, or refused Indicators, it is about; 0 of a whole one'
    )
    date_started: Moment | None


class Counts(Reply):
    """What became of the Indicators of a Job, or of all Jobs of an update."""

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
    count_expected: int | None = Field(description='How many Indicators should be read')
    count_held_back: int = Field(
        description='Objects that were not withdrawn because they were too many at once'
    )
    count_context: int | None = Field(
        description='Context objects and their withdrawals that Sentinel has accepted, also after '
        'its end; null where it has called for none'
    )
    context: JobContext | None = Field(description='Null where it has called for none')


class Job(Counts, UpdateFacts):
    """One TQL query's part of one update."""

    request_id: str
    status: JobStatus
    query: JobQuery
    date_queued: Moment
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
    count_request: int
    count_throttled: int
    throttled_seconds: Seconds = Field(description='As answers with status 429 asked to wait')
    limit_wait_seconds: Seconds = Field(
        description='How long its requests have waited for the API limit, the present wait included'
    )
    waiting_seconds: Seconds | None = Field(
        description='How long the Job still waits for the API limit; null when it does not'
    )
    asked_wait: AskedWait | None = Field(
        description='The wait that Sentinel asked for, while the Job is held up by it'
    )
    time_left: TimeLeft | None = Field(
        description='Until the Job is done, under the API limit; null while that is not known'
    )
    pause: Pause | None = Field(
        description='The paused Task that has something to do for the Job, if there is one'
    )
    trouble: Trouble | None = Field(
        description='The system that the Job waits for, while that does not answer'
    )
    warnings: list[str]
    retry_of: str | None
    failure_code: str | None
    failure_reason: str | None


NOT_SORTABLE = frozenset(
    {
        *('query', 'warnings', 'waiting_seconds', 'asked_wait', 'time_left', 'pause', 'trouble'),
        *('count_context', 'context'),
    }
)
JOB_SORTS = (*(name for name in Job.model_fields if name not in NOT_SORTABLE), 'position')
STATUS_BY_SLUG = {slug(status): status for status in JobStatus}
StatusSlug = Annotated[JobStatus, BeforeValidator(picked(STATUS_BY_SLUG)), slugs(STATUS_BY_SLUG)]
JobSort = Annotated[
    str,
    BeforeValidator(picked({name: name for name in JOB_SORTS})),
    slugs({name: name for name in JOB_SORTS}),
]


class JobPage(Page):
    """A page of Jobs."""

    data: list[Job]


class JobFilter(PageParameters):
    """Filters of Jobs, also where they are listed by update."""

    status: list[StatusSlug] = Field(default_factory=list, description='May be repeated')
    request_id: IdPart = Field(default='', description='A part of it, in any case')
    job_type: JobType | None = None
    mode: Mode | None = None
    update_id: Id | None = None
    query_id: Id | None = None
    after: Moment | None = Field(
        default=None, description='The earliest start, or time of queueing where it has not started'
    )
    before: Moment | None = None


class UpdateParameters(JobFilter):
    """Filters of the updates: those with a Job that passes all of them; times are the update's."""


class JobParameters(JobFilter):
    """Filters and order of the list of Jobs."""

    retry_of: Id | None = Field(default=None, description='Only what tries this Job again')
    sort: JobSort = 'date_queued'
    sort_order: SortDirection = SortDirection.DESCENDING


class UpdateQuery(LabeledQuery):
    """A TQL query of an update as the sentence about it names it."""

    position: int = Field(description='Its place then; 0 is the highest')
    current_position: int | None = Field(description='Its place now; null when it was deleted')


class Update(Counts, UpdateFacts):
    """One update with the sums over its Jobs; `GET api/job/request?update_id=` has the Jobs."""

    status: UpdateState
    date_queued: Moment
    date_ended: Moment | None
    last_modified_filter_start: Moment | None = Field(
        description='The earliest of its Jobs; null where one of them reads everything'
    )
    last_modified_filter_end: Moment | None
    count_jobs: int
    count_matching_jobs: int = Field(description='How many of its Jobs pass the filters')
    count_failed_jobs: int
    count_cancelled_jobs: int
    decision_request_id: str | None = Field(
        description='The Job whose withdrawal waits for a decision; null where none does'
    )
    is_confirmed: bool = Field(description='Whether somebody confirmed withdrawals with it')
    retry_of: str | None
    failure_code: str | None = Field(description='Of the first Job that failed')
    failure_reason: str | None
    only_query: UpdateQuery | None = Field(description='Where the update has a single Job')
    duplicates_from: UpdateQuery | None = Field(
        description='The query whose copies were sent in place of duplicates, where it is only one'
    )


class UpdatePage(Page):
    """A page of updates, newest first."""

    data: list[Update]
    complete_since: Moment | None = Field(
        description='From when on every update is kept; null where none was ever removed'
    )


MAX_WITHDRAWAL_PAGE = 1_000


class WithdrawalParameters(PageParameters):
    """Which part of what would be withdrawn is wanted, and in which format."""

    limit: Annotated[int, Field(ge=1, le=MAX_WITHDRAWAL_PAGE)] = DEFAULT_PAGE
    format: Literal['json', 'csv'] = 'json'


class WithdrawableObject(Reply):
    """A live object that confirming would withdraw now; `indicator_id` is text."""

    value: str
    type: IndicatorType
    hash_kind: str | None = Field(description='Of a File, which has an object for each hash')
    summary: str = Field(description='Of the Indicator that it was made of')
    owner: str
    indicator_id: str
    query: UpdateQuery | None = Field(description='Null when it was deleted')
    valid_until: Moment


class WithdrawableObjectPage(Page):
    """A page of what would be withdrawn."""

    data: list[WithdrawableObject]


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
