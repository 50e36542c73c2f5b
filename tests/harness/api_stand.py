"""The API over real documents and stand-ins for everything else."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from falcon import testing

from sentinel_app.api.app import create_app
from sentinel_app.api.deps import ApiDeps
from sentinel_app.api.options import OptionCatalog
from sentinel_app.api.ports import UserInfo
from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.condition import Condition, ConditionCode, Link, Screen, Severity
from sentinel_app.core.context_choice import ContextChoice
from sentinel_app.core.error_entry import ErrorEntry, ErrorFilter, ErrorGroup
from sentinel_app.core.estimate import Estimate
from sentinel_app.core.finding import FindingFilter
from sentinel_app.core.indicator import Owner, TqlKeyword
from sentinel_app.core.job import Counts, Job, JobStatus, JobType, Mode, Stage, Update
from sentinel_app.core.question import Question
from sentinel_app.core.source import Source, SourcePage
from sentinel_app.core.task import (
    TASK_FACTS,
    AskedWait,
    TaskCondition,
    TaskPause,
    TaskSlug,
    TaskState,
    TaskView,
)
from sentinel_app.core.trouble import System, Trouble
from sentinel_app.diagnostics.health_snapshot import HealthSnapshot, LastError, StorageFacts
from sentinel_app.errors import ConflictError, NotFoundError, SentinelAppError
from sentinel_app.platform.wsgi_bridge import API_TOKEN_KEY
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.context_report import ContextReport
from sentinel_app.storage.context_store import ContextStore
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.tasks.context_actions import ContextActions
from tests.harness.builders.app_state import make_job, make_update, minutes
from tests.harness.clocks import NOON, StandingClock
from tests.harness.diagnostics import DiagnosticsStand

TOKEN = 'token-of-the-request'


@dataclass
class FakeSource:
    """ThreatConnect as far as CONFIGURE asks it."""

    error: SentinelAppError | None = None
    keyword_error: SentinelAppError | None = None
    calls: int = 0

    def owners(self) -> tuple[Owner, ...]:
        self.calls += 1
        if self.error:
            raise self.error
        return (
            Owner(name='Example Org', type='Organization'),
            Owner(name='Källa "1"', type='Source'),
        )

    def keywords(self) -> tuple[TqlKeyword, ...]:
        if self.keyword_error:
            raise self.keyword_error
        return (TqlKeyword(name='rating', type='Integer', description='Threat rating'),)

    def read_page(self, question: Question, *, limit: int) -> SourcePage:
        raise AssertionError('the API reads no pages')

    def count(self, question: Question) -> tuple[int, dt.datetime]:
        raise AssertionError('the API counts nothing yet')

    def verify(self, question: Question) -> None:
        raise AssertionError('the API verifies nothing')


def given(wanted: ErrorFilter | FindingFilter) -> dict[str, Any]:
    """The filters that are set, by name."""
    names = (each.name for each in dataclasses.fields(wanted))
    return {name: value for name in names if (value := getattr(wanted, name)) not in ('', None)}


@dataclass
class FakeErrors:
    """Errors that are given, and the filters that they were asked with."""

    kept_groups: tuple[ErrorGroup, ...] = ()
    kept_entries: tuple[ErrorEntry, ...] = ()
    asked: dict[str, Any] = field(default_factory=dict)

    def add(self, entries: Sequence[ErrorEntry]) -> None:
        raise AssertionError('the API adds no errors')

    def groups(self, wanted: ErrorFilter, **filters: Any) -> tuple[tuple[ErrorGroup, ...], int]:
        self.asked = given(wanted) | filters
        start = filters['offset']
        return self.kept_groups[start : start + filters['limit']], len(self.kept_groups)

    def entries(self, wanted: ErrorFilter) -> Iterable[ErrorEntry]:
        self.asked = given(wanted)
        return iter(self.kept_entries)

    def entry_page(self, wanted: ErrorFilter, **filters: Any) -> tuple[tuple[ErrorEntry, ...], int]:
        self.asked = given(wanted) | filters
        start = filters['offset']
        return self.kept_entries[start : start + filters['limit']], len(self.kept_entries)

    def refused_now(self, wanted: ErrorFilter) -> int:
        return len(self.kept_entries)

    def request_ids(self) -> tuple[str, ...]:
        raise AssertionError('the API removes no errors')

    def remove(self, request_ids: Sequence[str]) -> None:
        raise AssertionError('the API removes no errors')


@dataclass
class FakeUpdates:
    """Queues updates in the documents, as the container's does."""

    app_state: AppState
    due: tuple[dt.datetime, Mode] | None = None
    has_asked_for_withdrawal: bool = False
    asked: dict[str, Any] = field(default_factory=dict)

    def request_update(self, *, audit: AuditEntry | None = None, **wish: Any) -> Update:
        self.asked = wish
        queries = self.app_state.query_list().queries
        if not queries:
            raise ConflictError('There is no TQL query yet. Add one in CONFIGURE first.')
        update = make_update(
            'u-new', mode=wish['mode'], job_type=JobType.AD_HOC, request_ids=('r1',)
        )
        job = make_job('r1', update_id='u-new', query=queries[0], mode=wish['mode'])
        self.app_state.add_update(update, [job], audit=audit)
        return update

    def request_withdrawal(self) -> None:
        self.has_asked_for_withdrawal = True

    def next_update(self) -> tuple[dt.datetime, Mode] | None:
        return self.due


@dataclass
class FakeChosen:
    """Takes what people choose, and remembers it."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)
    error: SentinelAppError | None = None
    under_way: str | None = None

    def send(self, texts: Sequence[str], *, by: str | None) -> Update:
        return self._take('send', list(texts), by)

    def withdraw(self, texts: Sequence[str], *, reason: str, by: str | None) -> Update:
        return self._take('withdraw', list(texts), reason, by)

    def retry_under_way(self) -> str | None:
        return self.under_way

    def retry_refused(self, wanted: ErrorFilter, *, by: str | None) -> Update:
        return self._take('retry', given(wanted), by)

    def _take(self, *wish: Any) -> Update:
        if self.error:
            raise self.error
        self.asked.append(wish)
        return make_update('u-new', request_ids=('r1', 'r2'))


@dataclass
class FakeFindingActions:
    """Takes what people do with findings, and remembers it."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)
    error: SentinelAppError | None = None

    def request_whole(self) -> None:
        self.asked.append(('whole',))

    def send_again(self, wanted: FindingFilter, *, by: str | None) -> Update:
        return self._take('send', given(wanted), by)

    def send_one_again(self, finding_id: int, *, by: str | None) -> Update:
        return self._take('send one', finding_id, by)

    def send_context_again(self, wanted: FindingFilter, *, by: str | None) -> int:
        self._take('send context', given(wanted), by)
        return 12

    def send_one_context_again(self, finding_id: int, *, by: str | None) -> int:
        self._take('send one context', finding_id, by)
        return 1

    def withdraw_unknown(self, count: int, *, by: str | None) -> Update:
        return self._take('withdraw', count, by)

    def _take(self, *wish: Any) -> Update:
        if self.error:
            raise self.error
        self.asked.append(wish)
        return make_update('u-new', request_ids=('r1', 'r2'))


@dataclass
class FakeJobs:
    """Cancels and retries what it is told it may; remembers who asked."""

    app_state: AppState
    error: SentinelAppError | None = None
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)

    def cancel(self, request_id: str, *, by: str | None) -> Job:
        self._ask('cancel', request_id, by)
        return self.app_state.change_job(
            request_id, lambda job: dataclasses.replace(job, status=JobStatus.CANCELLED)
        )

    def retry(self, request_id: str, *, by: str | None) -> Update:
        self._ask('retry', request_id, by)
        return make_update('u-new', job_type=JobType.AD_HOC, request_ids=('r-new',))

    def withdraw(self, request_id: str, *, by: str | None) -> Update:
        self._ask('withdraw', request_id, by)
        return make_update('u-new', job_type=JobType.AD_HOC, request_ids=('r-new',))

    def _ask(self, action: str, request_id: str, by: str | None) -> None:
        self.asked.append((action, request_id, by))
        if self.error:
            raise self.error
        if self.app_state.job(request_id) is None:
            raise NotFoundError('There is no Job with this Request ID.')


TROUBLE = Trouble(
    stage=Stage.UPLOAD,
    system=System.SENTINEL,
    attempt=4,
    since=minutes(1),
    until=minutes(2),
    code='AZ-5XX',
    message='Sentinel answered with a server error (502).',
    reason='Bad Gateway',
)
TOLD_TROUBLE = {
    'system': 'Microsoft Sentinel',
    'attempt': 4,
    'since': '2026-03-04T08:01:00Z',
    'until': '2026-03-04T08:02:00Z',
    'code': 'AZ-5XX',
    'message': 'Sentinel answered with a server error (502).',
    'reason': 'Bad Gateway',
}
"""The same as the API tells it."""


@dataclass
class FakeTasks:
    """Tasks as they are told to stand; remembers what was done to them, and by whom."""

    shown: dict[TaskSlug, TaskView] = field(
        default_factory=lambda: {
            facts.slug: TaskView(facts=facts, condition=TaskCondition.IDLE, state=TaskState())
            for facts in TASK_FACTS
        }
    )
    error: SentinelAppError | None = None
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    pauses: list[tuple[dt.datetime | None, str | None]] = field(default_factory=list)
    triggers: int = 0

    def views(self) -> tuple[TaskView, ...]:
        return tuple(self.shown.values())

    def run(self, slug: str, *, by: str | None) -> TaskView:
        return self._ask('run', slug, by)

    def pause(
        self,
        slug: str,
        *,
        by: str | None,
        until: dt.datetime | None = None,
        reason: str | None = None,
    ) -> TaskView:
        self.pauses.append((until, reason))
        return self._ask('pause', slug, by)

    def pause_pipeline(
        self, *, by: str | None, until: dt.datetime | None = None, reason: str | None = None
    ) -> tuple[TaskView, ...]:
        self.pauses.append((until, reason))
        return self._ask_all('pause', by)

    def resume_pipeline(self, *, by: str | None) -> tuple[TaskView, ...]:
        return self._ask_all('resume', by)

    def resume(self, slug: str, *, by: str | None) -> TaskView:
        return self._ask('resume', slug, by)

    def kill(self, slug: str, *, by: str | None) -> TaskView:
        return self._ask('kill', slug, by)

    def send_now(self, slug: str, *, by: str | None) -> TaskView:
        return self._ask('send-now', slug, by)

    def trigger_schedule(self) -> None:
        self.triggers += 1

    def _ask_all(self, action: str, by: str | None) -> tuple[TaskView, ...]:
        self.asked.append((action, 'pipeline', by))
        if self.error:
            raise self.error
        return self.views()

    def _ask(self, action: str, slug: str, by: str | None) -> TaskView:
        self.asked.append((action, slug, by))
        if self.error:
            raise self.error
        if slug not in list(TaskSlug):
            raise NotFoundError('There is no such Task.')
        return self.shown[TaskSlug(slug)]


@dataclass
class FakeLive:
    by_id: dict[str, Counts] = field(default_factory=dict)
    waits: dict[str, float] = field(default_factory=dict)
    asked_waits: dict[str, AskedWait] = field(default_factory=dict)
    troubles: dict[str, Trouble] = field(default_factory=dict)
    estimates: dict[str, Estimate] = field(default_factory=dict)
    pauses: dict[str, TaskPause] = field(default_factory=dict)

    def counts(self, request_id: str) -> Counts | None:
        return self.by_id.get(request_id)

    def waiting_s(self, request_id: str) -> float | None:
        return self.waits.get(request_id)

    def asked_wait(self, request_id: str) -> AskedWait | None:
        return self.asked_waits.get(request_id)

    def left(self, request_id: str) -> Estimate | None:
        return self.estimates.get(request_id)

    def pause(self, request_id: str) -> TaskPause | None:
        return self.pauses.get(request_id)

    def trouble(self, request_id: str) -> Trouble | None:
        return self.troubles.get(request_id)


def make_condition(**members: Any) -> Condition:
    """A problem; that of a Job that failed where a test does not say."""
    defaults: dict[str, Any] = {
        'code': ConditionCode.JOB_FAILED,
        'severity': Severity.ERROR,
        'title': 'The last Job of query 1 failed (AZ-403)',
        'detail': 'The application lacks the role.',
        'remedy': 'Assign it.',
        'since': NOON,
        'link': Link(screen=Screen.JOBS, params={'open': 'j1'}),
        'subject': 'AZ-403',
    }
    return Condition(**(defaults | members))


@dataclass
class FakeHealth:
    shown: HealthSnapshot = field(
        default_factory=lambda: HealthSnapshot(
            version='2.0.0',
            conditions=(),
            started_at=NOON,
            storage=StorageFacts(app_state_bytes=1, database_bytes=2, free_bytes=3),
            source_name='Prod',
            source_system='ThreatConnect-Prod',
            workspace_id_end='9f3a',
            cloud='Public',
            organization='Example Org',
        )
    )

    def snapshot(self) -> HealthSnapshot:
        return self.shown

    def conditions(self) -> tuple[Condition, ...]:
        return self.shown.conditions

    def fail(self, code: str) -> None:
        error = LastError(at=NOON, code=code, message='It broke off')
        self.shown = dataclasses.replace(
            self.shown, conditions=(*self.shown.conditions, make_condition()), last_error=error
        )


@dataclass
class FakeIdentity:
    users: dict[str | None, UserInfo] = field(
        default_factory=lambda: {TOKEN: UserInfo(name='jdoe', role='Organization Administrator')}
    )
    error: SentinelAppError | None = None

    def user_of(self, token: str | None) -> UserInfo | None:
        if self.error:
            raise self.error
        return self.users.get(token)


class Stand:
    """All of it; `client` sends requests as the bridge would hand them on."""

    def __init__(
        self,
        folder: Path,
        *,
        is_admin_only: bool = False,
        context: ContextChoice = ContextChoice.NONE,
    ) -> None:
        self.clock = StandingClock()
        self.app_state = AppState(folder / 'documents.json', now=self.clock.now)
        self.source = FakeSource()
        self.errors = FakeErrors()
        self.updates = FakeUpdates(self.app_state)
        self.jobs = FakeJobs(self.app_state)
        self.tasks = FakeTasks()
        self.live = FakeLive()
        self.health = FakeHealth()
        self.diagnostics = DiagnosticsStand(folder, self.app_state, self.clock, context)
        self.identity = FakeIdentity()
        self.ui_dir = folder / 'dist'
        self._numbers = iter(range(1, 1_000))
        self.chosen = FakeChosen()
        self.findings = FakeFindingActions()
        self.context_requests = 0
        self.deps = ApiDeps(
            app_state=self.app_state,
            errors=cast(ErrorLog, self.errors),
            options=OptionCatalog(cast(Source, self.source), self.clock),
            clock=self.clock,
            updates=self.updates,
            jobs=self.jobs,
            chosen=self.chosen,
            findings=self.findings,
            context=ContextActions(
                app_state=self.app_state,
                store=ContextStore(self.diagnostics.db),
                report=ContextReport(self.diagnostics.db),
                request=self._request_context,
                clock=self.clock,
            ),
            tasks=self.tasks,
            live=self.live,
            health=self.health,
            diagnostics=self.diagnostics.diagnostics,
            identity=self.identity,
            is_ui_access_admin_only=is_admin_only,
            admin_roles=('Administrator', 'Organization Administrator'),
            ui_dir=self.ui_dir,
            new_id=lambda: f'new-{next(self._numbers)}',
        )
        self.app = create_app(self.deps)
        self.client = testing.TestClient(self.app)

    def _request_context(self) -> None:
        self.context_requests += 1

    def call(self, method: str, path: str, **options: Any) -> testing.Result:
        options.setdefault('extras', {API_TOKEN_KEY: TOKEN})
        return self.client.simulate_request(method, path, **options)

    def get(self, path: str, query: str = '', **options: Any) -> testing.Result:
        return self.call('GET', path, query_string=query, **options)

    def put(self, path: str, body: object, **options: Any) -> testing.Result:
        return self.call('PUT', path, json=body, **options)

    def post(self, path: str, body: object, **options: Any) -> testing.Result:
        return self.call('POST', path, json=body, **options)
