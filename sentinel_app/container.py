"""The composition root: the only module that constructs adapters and hands them out."""

from __future__ import annotations

import datetime as dt
import gc
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import requests

from sentinel_app.api.app import create_app
from sentinel_app.api.deps import ApiDeps, Diagnostics
from sentinel_app.api.options import OptionCatalog
from sentinel_app.api.user import WhoAmI
from sentinel_app.clock import SystemClock
from sentinel_app.config.pem import is_pem, read_pem
from sentinel_app.config.settings import Settings, UiAccess
from sentinel_app.core.clock import Clock
from sentinel_app.core.condition import Condition, ConditionCode, state_of
from sentinel_app.core.fingerprint import salt
from sentinel_app.core.indicator import Indicator, IndicatorType
from sentinel_app.core.job import Outcome, Stage
from sentinel_app.core.mapping import MappingOptions
from sentinel_app.core.portal import Portal
from sentinel_app.core.progress import jobs_being_converted, jobs_being_read
from sentinel_app.core.screening import Screening
from sentinel_app.core.sink import Sink
from sentinel_app.core.source import Source
from sentinel_app.core.task import TASK_FACTS, TaskFacts, TaskGroup, TaskSlug
from sentinel_app.core.withholding import withheld_reason
from sentinel_app.diagnostics.dashboard import Metrics
from sentinel_app.diagnostics.effect import Effects
from sentinel_app.diagnostics.health import Health
from sentinel_app.diagnostics.health_check import Checks
from sentinel_app.diagnostics.lookup import Lookups
from sentinel_app.diagnostics.preview import Previews
from sentinel_app.diagnostics.tql_check import TqlChecks
from sentinel_app.diagnostics.value_copy import ValueCopies
from sentinel_app.diagnostics.withdrawal_list import WithdrawalLists
from sentinel_app.errors import StorageError
from sentinel_app.log import EventLog
from sentinel_app.network.contact import Contacts
from sentinel_app.network.exchange import Timeouts, leave_environment
from sentinel_app.pipeline.convert import Convert
from sentinel_app.pipeline.download import Download
from sentinel_app.pipeline.estimate import Estimates
from sentinel_app.pipeline.fault_limit import FaultLimit
from sentinel_app.pipeline.orphan_search import OrphanSearch
from sentinel_app.pipeline.probe import Probe
from sentinel_app.pipeline.rate_limiter import RateLimiter
from sentinel_app.pipeline.revoke import Revoke
from sentinel_app.pipeline.trouble import Troubles
from sentinel_app.pipeline.upload import Upload
from sentinel_app.pipeline.wakeup import Wakeup, Wakeups
from sentinel_app.pipeline.withdraw_guard import WithdrawGuard
from sentinel_app.redactor import Redactor
from sentinel_app.sentinel.auth import TokenSource
from sentinel_app.sentinel.client import UPLOAD_TIMEOUTS, SentinelSink
from sentinel_app.sentinel.transport import TOKEN_TIMEOUTS
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.holdings import Holdings
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.maintenance.damage import set_aside_damaged
from sentinel_app.storage.maintenance.disk import DataFolder
from sentinel_app.storage.maintenance.lock import FolderLock
from sentinel_app.storage.maintenance.upkeep import DiskUpkeep
from sentinel_app.storage.metrics import MetricStore
from sentinel_app.storage.orphans import Orphans
from sentinel_app.storage.page_queue import PageQueue
from sentinel_app.storage.request_time import RequestTimes
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.update_store import UpdateStore
from sentinel_app.storage.withdrawals import WithdrawalReader
from sentinel_app.tasks.chosen_update import ChosenUpdates
from sentinel_app.tasks.cleaner import Cleaner
from sentinel_app.tasks.deleted_query import DeletedQueries
from sentinel_app.tasks.job_actions import JobActions
from sentinel_app.tasks.notifier import Notifier
from sentinel_app.tasks.running_job import RunningJobs
from sentinel_app.tasks.scheduler import Scheduler
from sentinel_app.tasks.supervisor import Supervisor
from sentinel_app.tasks.task import Task
from sentinel_app.tasks.task_body import TaskBody, schedule_body, stage_body
from sentinel_app.tasks.task_kill import Kills
from sentinel_app.tasks.update_follower import UpdateFollower
from sentinel_app.tasks.update_queue import UpdateQueue
from sentinel_app.tasks.worker import Worker
from sentinel_app.threatconnect.client import ThreatConnectSource
from sentinel_app.threatconnect.notification import FrameworkNotification, Notifications
from sentinel_app.threatconnect.pace import RequestPace
from sentinel_app.threatconnect.parse import FIELDS, parse_indicator
from sentinel_app.threatconnect.whoami import WhoAmIClient

QUICK_TIMEOUTS = Timeouts(connect_s=5.0, read_s=10.0, total_s=20.0)
"""For each call that a person waits for."""

UPLOAD_THREADS = 8
"""Requests in flight. At the limit of 100 a minute this keeps up with answers that take 4.8 s."""

GARBAGE_THRESHOLD = 20_000
"""New objects, those that are gone not counted, after which Python looks for cycles of garbage."""

OTHERS_S = 1.0
"""How long the end waits for whatever is under way and is not a batch in flight."""

DOCUMENTS_FILE = 'documents.json'
DATABASE_FILE = 'state.db'
UI_DIR = Path(__file__).resolve().parent.parent / 'ui' / 'dist'

_log = EventLog(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What the platform gives the App.

    Args:
        threatconnect_session: takes relative addresses such as `/v3/indicators`; signs requests.
        microsoft_proxies: proxies for Entra ID and Sentinel, as `requests` takes them.
        data_dir: a folder of our own that survives restarts and upgrades.
        redactor: masks secrets in whatever another system says.
        token_session: makes a session as the first, signed with a token; None where there is no
            way to ask ThreatConnect who makes a request.
        notification: makes one of the framework's notifications; None where there are none.
    """

    threatconnect_session: requests.Session
    microsoft_proxies: Mapping[str, str]
    data_dir: Path
    redactor: Redactor = field(default_factory=Redactor)
    token_session: Callable[[str], requests.Session] | None = None
    notification: Callable[[], FrameworkNotification] | None = None


class Container:
    """The App, composed: its WSGI application and its background threads."""

    def __init__(
        self,
        *,
        wsgi: Callable[..., Iterable[bytes]],
        supervisor: Supervisor,
        scheduler: Scheduler,
        recover: Callable[[], None],
        check: Callable[[], object],
        metrics: Callable[[], dict[str, int | str]],
        stop: threading.Event,
        wakeups: Wakeups,
        notifier: Notifier | None,
        clock: Clock,
        close: Callable[[], None],
    ) -> None:
        self.wsgi = wsgi
        self._supervisor = supervisor
        self._scheduler = scheduler
        self._notifier = notifier
        self._recover = recover
        self._check = check
        self._metrics = metrics
        self._stop = stop
        self._wakeups = wakeups
        self._clock = clock
        self._close = close

    def start(self) -> None:
        """Take up what an earlier process left, and start the background threads."""
        # Pages are made into many short-lived objects and next to no cycles: looking for those as
        # often as Python does by itself costs a fifteenth of an update.
        gc.set_threshold(GARBAGE_THRESHOLD)
        self._recover()
        self._supervisor.start()
        self._scheduler.start()
        if self._notifier is not None:
            self._notifier.worker.start()

    def check(self) -> None:
        """Try what the App depends on, in the background; what is found lands in the log."""
        threading.Thread(target=self._run_check, name='check', daemon=True).start()

    def _run_check(self) -> None:
        try:
            self._check()
        except Exception as error:  # noqa: BLE001 - a thread; no check may end the App
            if not self._stop.is_set():
                _log.exception('check-failed', error)

    def stop(self, timeout_s: float) -> None:
        """Let each thread come to its next safe point, and close the stores.

        A batch in flight may have its answer within the time; one that takes longer is given up,
        and sent again at the next start. What is read or converted is not worth waiting for.
        """
        began = self._clock.monotonic()
        self._stop.set()
        self._supervisor.stop()
        self._wakeups.notify_all()
        uploads = self._supervisor.workers_of(TaskSlug.UPLOAD)
        if late := self._late(uploads, began + timeout_s):
            _log.warning('batches-given-up', threads=late)
        others: list[Worker | Scheduler] = [
            *(each for each in self._supervisor.workers if each not in uploads),
            self._scheduler,
        ]
        if self._notifier is not None:
            self._notifier.trigger()
            others.append(self._notifier.worker)
        if late := self._late(others, began + min(timeout_s, OTHERS_S)):
            _log.info('steps-given-up', threads=late)
        self._close()

    def _late(self, threads: Iterable[Worker | Scheduler], deadline: float) -> int:
        """Wait for threads; give how many do not end in time."""
        return sum(not each.join(deadline - self._clock.monotonic()) for each in threads)

    def metrics(self) -> dict[str, int | str]:
        """Return the figures that the platform shows with each heartbeat."""
        return self._metrics()


def build_container(
    settings: Settings,
    platform: Platform,
    clock: Clock | None = None,
    task_facts: Sequence[TaskFacts] = TASK_FACTS,
) -> Container:
    """Compose the App.

    Args:
        settings: the checked inputs.
        platform: what the platform gives.
        clock: tells the time and waits; the machine's own where none is given.
        task_facts: what each Task is.

    Raises:
        ConfigError: another process holds the data folder, or a newer version wrote it.
        StorageError: the data folder cannot be used.
    """
    lock = FolderLock(platform.data_dir)
    try:
        return _compose(settings, platform, clock or SystemClock(), lock, task_facts)
    except BaseException:
        lock.release()
        raise


def _compose(
    settings: Settings,
    platform: Platform,
    clock: Clock,
    lock: FolderLock,
    task_facts: Sequence[TaskFacts],
) -> Container:
    stop, wakeups = threading.Event(), Wakeups(UPLOAD_THREADS)
    documents_path = platform.data_dir / DOCUMENTS_FILE
    database_path = platform.data_dir / DATABASE_FILE
    app_state = AppState(documents_path, now=clock.now)
    db, database_warning = _open_database(database_path, app_state, clock)
    store, ledger = UpdateStore(db, PageQueue()), Ledger(db)
    orphans, metrics, errors = Orphans(db, store), MetricStore(db), ErrorLog(db)
    pace, contacts = RequestPace(clock), Contacts(clock)
    source = ThreatConnectSource(
        platform.threatconnect_session,
        fields=FIELDS,
        clock=clock,
        redactor=platform.redactor,
        pace=pace,
        contact=contacts.threatconnect,
    )
    engine = compose_engine(
        settings,
        app_state=app_state,
        store=store,
        ledger=ledger,
        orphans=orphans,
        metrics=metrics,
        errors=errors,
        times=RequestTimes(db),
        source=source,
        sink=_sink(settings, platform, clock, contacts),
        clock=clock,
        wakeups=wakeups,
    )
    queue, follower, faults, limiter = engine.queue, engine.follower, engine.faults, engine.limiter
    health = Health(
        settings=settings,
        app_state=app_state,
        contacts=(contacts.threatconnect, contacts.entra, contacts.sentinel),
        reading_warnings={
            ConditionCode.READING_BY_TIME: lambda: engine.probe.warning,
            ConditionCode.CLOCK_DIFFERS: lambda: source.warning,
        },
        documents_path=documents_path,
        database_path=database_path,
        database_warning=database_warning,
        certificate_end=_certificate_end(settings, clock),
        clock=clock,
    )

    def being_read(update_id: str) -> tuple[str, ...]:
        return jobs_being_read(store.progress(update_id))

    def being_converted(update_id: str) -> tuple[str, ...]:
        return jobs_being_converted(store.progress(update_id))

    facts = {each.slug: each for each in task_facts}
    cleaner = Cleaner(
        app_state=app_state,
        errors=errors,
        metrics=metrics,
        store=store,
        upkeep=DiskUpkeep(documents_path, db),
        clock=clock,
        retention=dt.timedelta(days=settings.retention_days),
    )

    wakeups_of = {
        TaskSlug.DOWNLOAD: wakeups.download,
        TaskSlug.CONVERT: wakeups.convert,
        TaskSlug.UPLOAD: wakeups.upload,
    }

    def task(slug: TaskSlug, body: TaskBody, *, threads: int = 1) -> Task:
        is_stage = facts[slug].group is TaskGroup.PIPELINE
        return Task(
            facts=facts[slug],
            body=body,
            state=app_state.task_state(slug),
            stop=stop,
            wakeup=wakeups_of.get(slug) or Wakeup(),
            clock=clock,
            on_error=health.note,
            threads=threads,
            # A page that is converted late could displace what another one has chosen meanwhile.
            is_replaceable=is_stage and slug is not TaskSlug.CONVERT,
        )

    supervisor = Supervisor(
        tasks=[
            task(
                TaskSlug.DOWNLOAD,
                stage_body(
                    follower,
                    faults.guarded(Stage.DOWNLOAD, engine.download.step, being_read),
                    working_on=being_read,
                    words='read {count} page{s}',
                ),
            ),
            task(
                TaskSlug.CONVERT,
                stage_body(
                    follower,
                    faults.guarded(Stage.CONVERT, engine.convert.step, being_converted),
                    working_on=being_converted,
                    words='went through {count} page{s}',
                ),
            ),
            task(
                TaskSlug.UPLOAD,
                stage_body(
                    follower,
                    engine.upload.step,
                    working_on=store.in_flight,
                    words='sent {count} batch{es}',
                ),
                threads=UPLOAD_THREADS,
            ),
            task(TaskSlug.SCHEDULE_UPDATES, schedule_body(queue)),
            task(TaskSlug.CLEANER, TaskBody(step=cleaner.clean, outcome=lambda _: cleaner.outcome)),
        ],
        app_state=app_state,
        store=store,
        kills=Kills(store=store, errors=errors, clock=clock),
        limiter=limiter,
        troubles=engine.troubles,
        clock=clock,
    )
    health.watch(queue=queue, follower=follower, tasks=supervisor)

    notifier = None
    if platform.notification is not None and settings.notify:
        notifier = Notifier(
            health=health,
            sender=Notifications(platform.notification),
            recipients=settings.notify,
            service=settings.sentinel_source_name,
            app_state=app_state,
            clock=clock,
            stop=stop,
        )
        health.watch_notifier(notifier)

    def recover() -> None:
        recovered = store.recover()
        store.remove_other_updates([update.id for update in app_state.open_updates()])
        _log.info('state-recovered', objects_in_flight=recovered, ledger=ledger.live(clock.now()))

    def close() -> None:
        db.close()
        lock.release()

    # What people wait for has shorter time-outs than what an update waits for.
    quick_source = ThreatConnectSource(
        platform.threatconnect_session,
        fields=FIELDS,
        clock=clock,
        redactor=platform.redactor,
        timeouts=QUICK_TIMEOUTS,
        pace=pace,
        contact=contacts.threatconnect,
    )
    checks = Checks(
        source=quick_source,
        new_sink=lambda: _sink(settings, platform, clock, contacts, QUICK_TIMEOUTS),
        limiter=limiter,
        app_state=app_state,
        disk=DataFolder(platform.data_dir),
        disk_warnings=health.storage_warnings,
        on_owners=health.note_owners,
        on_results=health.note_checks,
        clock=clock,
    )
    screening = Screening(parse=parse_indicator, withheld_reason=_withholding(settings))
    diagnostics = Diagnostics(
        previews=Previews(
            source=quick_source,
            ledger=ledger,
            store=store,
            screening=screening,
            options=_mapping_options(settings),
            requests_per_minute=settings.requests_per_minute,
            clock=clock,
        ),
        tql_checks=TqlChecks(source=quick_source),
        lookups=Lookups(
            copies=ValueCopies(source=quick_source, screening=screening),
            ledger=ledger,
            holdings=Holdings(db),
            app_state=app_state,
            source_system=settings.source_system,
            portal=Portal(host=settings.azure_cloud.portal_host, tenant_id=settings.tenant_id),
            clock=clock,
        ),
        checks=checks,
        withdrawals=WithdrawalLists(
            app_state=app_state,
            withdrawals=WithdrawalReader(db, store),
            policy=settings.withdraw_indicators,
            clock=clock,
        ),
        effects=Effects(
            source=quick_source,
            ledger=ledger,
            policy=settings.withdraw_indicators,
            requests_per_minute=settings.requests_per_minute,
            clock=clock,
        ),
        metrics=Metrics(
            store=metrics,
            app_state=app_state,
            ledger=ledger,
            progress=store,
            updates=follower,
            limiter=limiter,
            troubles=engine.troubles,
            estimates=engine.estimates,
            requests_per_minute=settings.requests_per_minute,
            clock=clock,
        ),
    )

    return Container(
        wsgi=create_app(
            ApiDeps(
                app_state=app_state,
                errors=errors,
                options=OptionCatalog(quick_source, clock),
                clock=clock,
                updates=queue,
                jobs=JobActions(
                    app_state=app_state,
                    store=store,
                    queue=queue,
                    wakeups=wakeups,
                    clock=clock,
                ),
                chosen=ChosenUpdates(
                    app_state=app_state,
                    queue=queue,
                    holdings=Holdings(db),
                    errors=errors,
                    clock=clock,
                ),
                tasks=supervisor,
                live=RunningJobs(
                    follower=follower,
                    app_state=app_state,
                    store=store,
                    limiter=limiter,
                    troubles=engine.troubles,
                    estimates=engine.estimates,
                ),
                health=health,
                diagnostics=diagnostics,
                identity=WhoAmI(_whoami(platform, clock), clock=clock),
                is_ui_access_admin_only=settings.ui_access is UiAccess.ADMINISTRATORS_ONLY,
                admin_roles=settings.admin_roles,
                ui_dir=UI_DIR,
            )
        ),
        supervisor=supervisor,
        scheduler=Scheduler(
            ticks={
                'start-next': follower.start_next,
                'follow': follower.follow,
                'trigger-tasks': supervisor.trigger_due,
                'watch-tasks': supervisor.watch,
                **({'notify': notifier.trigger_due} if notifier else {}),
            },
            stop=stop,
            wakeup=wakeups.schedule,
            on_error=lambda error: health.note('scheduler', error),
        ),
        recover=recover,
        check=lambda: checks.run(stop),
        metrics=lambda: _metrics(follower, store, ledger.live(clock.now()), health.conditions()),
        stop=stop,
        wakeups=wakeups,
        notifier=notifier,
        clock=clock,
        close=close,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What runs updates: what queues them, the stages, and what the stages share."""

    queue: UpdateQueue
    follower: UpdateFollower
    download: Download
    convert: Convert
    upload: Upload
    faults: FaultLimit
    limiter: RateLimiter
    probe: Probe
    troubles: Troubles
    estimates: Estimates


def compose_engine(
    settings: Settings,
    *,
    app_state: AppState,
    store: UpdateStore,
    ledger: Ledger,
    orphans: Orphans,
    metrics: MetricStore,
    errors: ErrorLog,
    times: RequestTimes,
    source: Source,
    sink: Sink,
    clock: Clock,
    wakeups: Wakeups,
) -> Engine:
    """Compose the update engine, which the tests run without threads as well."""
    limiter = RateLimiter(limit=settings.requests_per_minute, times=times, clock=clock)
    troubles = Troubles(clock)
    probe = Probe(source=source, app_state=app_state, clock=clock, troubles=troubles)
    faults = FaultLimit(store=store, errors=errors, orphans=orphans, clock=clock)
    guard = WithdrawGuard(
        app_state=app_state, ledger=ledger, limit_percent=settings.withdraw_limit_percent
    )
    options = _mapping_options(settings)
    deleted_queries = DeletedQueries(app_state=app_state, ledger=ledger, clock=clock)
    return Engine(
        queue=UpdateQueue(
            app_state=app_state,
            deleted_queries=deleted_queries,
            clock=clock,
            wakeup=wakeups.schedule,
            interval=dt.timedelta(hours=settings.schedule_interval_hours),
            reconcile_interval=dt.timedelta(hours=settings.reconcile_interval_hours)
            if settings.reconcile_interval_hours
            else None,
        ),
        follower=UpdateFollower(
            app_state=app_state,
            store=store,
            metrics=metrics,
            deleted_queries=deleted_queries,
            faults=faults,
            clock=clock,
            wakeups=wakeups,
        ),
        download=Download(
            source=source,
            probe=probe,
            app_state=app_state,
            store=store,
            errors=errors,
            orphans=OrphanSearch(
                source=source,
                probe=probe,
                app_state=app_state,
                ledger=ledger,
                orphans=orphans,
                parse=parse_indicator,
                clock=clock,
                troubles=troubles,
                policy=settings.withdraw_indicators,
                guard=guard,
            ),
            clock=clock,
            troubles=troubles,
            wakeups=wakeups,
        ),
        convert=Convert(
            app_state=app_state,
            store=store,
            ledger=ledger,
            revoke=Revoke(
                orphans=orphans,
                policy=settings.withdraw_indicators,
                guard=guard,
                clock=clock,
                wakeups=wakeups,
            ),
            parse=parse_indicator,
            withheld_reason=_withholding(settings),
            options=options,
            salt=salt(options, max_tlp=settings.max_tlp.level, never_send=settings.never_send),
            limiter=limiter,
            clock=clock,
            wakeups=wakeups,
        ),
        upload=Upload(
            sink=sink,
            store=store,
            errors=errors,
            faults=faults,
            limiter=limiter,
            clock=clock,
            troubles=troubles,
            wakeups=wakeups,
        ),
        faults=faults,
        limiter=limiter,
        probe=probe,
        troubles=troubles,
        estimates=Estimates(store=store, limiter=limiter, clock=clock),
    )


def _open_database(path: Path, app_state: AppState, clock: Clock) -> tuple[Database, str | None]:
    """Open the database, or a new one in place of a damaged one, and say what the page must know.

    Raises:
        ConfigError: the file is of a newer version.
        StorageError: the disk does not let it be opened.
    """
    warning = set_aside_damaged(path, now=clock.now)
    try:
        return _opened(path, app_state), warning
    except StorageError:
        # Bringing it up to date may have shown what looking at it did not.
        warning = set_aside_damaged(path, now=clock.now)
        if warning is None:
            raise
    return _opened(path, app_state), warning


def _opened(path: Path, app_state: AppState) -> Database:
    if not path.exists() and app_state.schedule().last_run_at is not None:
        # Without the ledger nobody knows what Sentinel holds. Stored before there is a new file,
        # so that a start that breaks off here is repeated.
        app_state.require_full()
    return Database(path)


def _withholding(settings: Settings) -> Callable[[Indicator], str | None]:
    max_tlp, never_send = settings.max_tlp.level, settings.never_send
    return lambda indicator: withheld_reason(indicator, max_tlp=max_tlp, never_send=never_send)


def _mapping_options(settings: Settings) -> MappingOptions:
    return MappingOptions(
        ttl_hours={IndicatorType(kind): ttl for kind, ttl in settings.ttl_hours.items()},
        pattern_style=settings.pattern_style,
    )


def _whoami(platform: Platform, clock: Clock) -> WhoAmIClient | None:
    if platform.token_session is None:
        return None
    return WhoAmIClient(platform.token_session, clock=clock, redactor=platform.redactor)


def _sink(
    settings: Settings,
    platform: Platform,
    clock: Clock,
    contacts: Contacts,
    timeouts: Timeouts | None = None,
) -> SentinelSink:
    """Return a Sentinel with tokens of its own.

    Args:
        settings: the checked inputs.
        platform: what the platform gives.
        clock: tells the time.
        contacts: learn how the calls end.
        timeouts: for each call; the usual ones where none are given.
    """

    def session() -> requests.Session:
        made = requests.Session()
        leave_environment(made)
        made.proxies = dict(platform.microsoft_proxies)
        return made

    tokens = TokenSource(
        authority=f'{settings.login_url}/{settings.tenant_id}',
        client_id=settings.client_id,
        credential=settings.client_secret.value,
        scope=settings.scope,
        session=session(),
        clock=clock,
        redactor=platform.redactor,
        timeouts=timeouts or TOKEN_TIMEOUTS,
        contact=contacts.entra,
    )
    return SentinelSink(
        upload_url=settings.sentinel_url,
        workspace_id=settings.workspace_id,
        source_system=settings.source_system,
        tokens=tokens,
        session=session(),
        clock=clock,
        redactor=platform.redactor,
        timeouts=timeouts or UPLOAD_TIMEOUTS,
        contact=contacts.sentinel,
    )


def _certificate_end(settings: Settings, clock: Clock) -> Callable[[], dt.datetime | None]:
    """Return what tells when the certificate in Client Secret ends; None for a client secret."""
    credential = settings.client_secret.value
    if not is_pem(credential):
        return lambda: None
    pem = read_pem(credential)
    return lambda: pem.certificate_at(clock.now()).expires_at


def _metrics(
    follower: UpdateFollower, store: UpdateStore, live: int, problems: Sequence[Condition]
) -> dict[str, int | str]:
    running = follower.running
    counts = [
        found
        for request_id in (running.request_ids if running else ())
        if (found := store.counts(request_id)) is not None
    ]
    return {
        'Objects in Sentinel': live,
        'Updates Running': int(running is not None),
        'Indicators Read': sum(item.read for item in counts),
        'Indicators Sent': sum(item.outcomes.get(Outcome.SENT, 0) for item in counts),
        'Indicators Refused': sum(item.outcomes.get(Outcome.REFUSED, 0) for item in counts),
        'Health': state_of(problems).label,
        'Open Problems': len(problems),
    }
