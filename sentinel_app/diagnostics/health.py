"""Collection of the facts for the rules of health, and their result."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import shutil
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from sentinel_app import __version__
from sentinel_app.config.settings import Settings
from sentinel_app.core.clock import Clock
from sentinel_app.core.condition import Condition, ConditionCode, Finding
from sentinel_app.core.health import (
    LOW_DISK_BYTES,
    UNAVAILABLE,
    Credential,
    HealthFacts,
    conditions,
)
from sentinel_app.core.indicator import Owner
from sentinel_app.core.job import Job, JobStatus, Mode, Update
from sentinel_app.core.job_outlook import last_failed, last_well, waiting_withdrawal
from sentinel_app.core.task import TASK_FACTS, TaskHealth
from sentinel_app.core.trouble import System
from sentinel_app.diagnostics.check_result import LABELS, CheckName, CheckResult, CheckStatus
from sentinel_app.diagnostics.health_snapshot import HealthSnapshot, LastError, StorageFacts
from sentinel_app.errors import SentinelAppError, StorageError
from sentinel_app.network.contact import Contact
from sentinel_app.storage.app_state.content import State
from sentinel_app.storage.app_state.store import AppState

ID_END = 4
EXPIRED_SECRET = 7000222
"""AADSTS number of Microsoft Entra ID for an expired client secret."""

REFUTED_BY: Mapping[CheckName, System] = {
    CheckName.THREATCONNECT: System.THREATCONNECT,
    CheckName.SIGN_IN: System.THREATCONNECT,
    CheckName.TOKEN: System.ENTRA,
    CheckName.WORKSPACE: System.SENTINEL,
}
"""System of each step; a successful call to it ends the step's finding."""


STORAGE = (ConditionCode.DOCUMENTS_SET_ASIDE, ConditionCode.DATABASE_SET_ASIDE)


class UpdateQueue(Protocol):
    """Port to the schedule of updates."""

    def next_update(self) -> tuple[dt.datetime, Mode] | None:
        """Return when the next scheduled update is due and its mode; None without a query."""
        ...


class RunningUpdate(Protocol):
    """Port to the running update."""

    @property
    def running(self) -> Update | None:
        """Return the running update; None if there is none."""
        ...


class Tasks(Protocol):
    """Port to the health of the Tasks."""

    def task_health(self) -> tuple[TaskHealth, ...]:
        """Return what keeps each Task from working."""
        ...


class Notified(Protocol):
    """Port to the counts of notifications since the start of the Service."""

    @property
    def sent(self) -> int:
        """Return the number of notifications that ThreatConnect accepted."""
        ...

    @property
    def failed(self) -> int:
        """Return the number of notifications that failed."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class _Outlook:
    """Facts that follow from the app state alone, and that state."""

    state: State
    failed_jobs: tuple[Job, ...]
    well_since: dt.datetime | None
    withdrawal: Job | None


class Health:
    """Collects problems; implements the port `HealthSource`.

    It is evaluated with each heartbeat, so nothing here counts rows or calls another system.

    Args:
        settings: the inputs.
        app_state: Jobs, updates and queries.
        contacts: the results of calls to each system.
        reading_warnings: functions that return warnings about reading from ThreatConnect.
        documents_path: the file of the app state.
        database_path: the database.
        database_warning: a warning about it for people.
        context_held_back: returns the number of withdrawals of context objects that are held back.
        certificate_end: returns the expiry of the certificate; None for a client secret.
        clock: the clock.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        app_state: AppState,
        contacts: Iterable[Contact],
        reading_warnings: Mapping[ConditionCode, Callable[[], str | None]],
        documents_path: Path,
        database_path: Path,
        database_warning: str | None = None,
        context_held_back: Callable[[], int] = lambda: 0,
        certificate_end: Callable[[], dt.datetime | None] = lambda: None,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._app_state = app_state
        self._contacts = {contact.system: contact for contact in contacts}
        self._reading_warnings = reading_warnings
        self._documents_path = documents_path
        self._database_path = database_path
        self._database_warning = database_warning
        self._context_held_back = context_held_back
        self._held_back = 0
        self._certificate_end = certificate_end
        self._clock = clock
        self._started_at = clock.now()
        self._lock = threading.Lock()
        self._queue: UpdateQueue | None = None
        self._follower: RunningUpdate | None = None
        self._tasks: Tasks | None = None
        self._notifier: Notified | None = None
        self._last_error: LastError | None = None
        self._failing: dict[str, Finding] = {}
        self._has_checked = False
        self._failed_checks: dict[CheckName, tuple[dt.datetime, CheckResult]] = {}
        self._organization: str | None = None
        self._outlook: _Outlook | None = None
        self._first_seen: dict[str, dt.datetime] = {}

    def attach(self, *, queue: UpdateQueue, follower: RunningUpdate, tasks: Tasks) -> None:
        """Attach sources that are created after the parts that report errors here."""
        self._queue, self._follower, self._tasks = queue, follower, tasks

    def attach_notifier(self, notifier: Notified) -> None:
        """Attach the counts of notifications."""
        self._notifier = notifier

    def record_owners(self, owners: Sequence[Owner]) -> None:
        """Record the owners that the API user can read; a single Organization is its own.

        A user of the whole instance can read several; then its own is unknown.
        """
        names = [owner.name for owner in owners if owner.type == 'Organization']
        self._organization = names[0] if len(names) == 1 else None

    def record_checks(self, results: Sequence[CheckResult]) -> None:
        """Record the results of a check; a skipped step keeps its previous result."""
        now = self._clock.now()
        with self._lock:
            self._has_checked = True
            for result in results:
                if result.name is CheckName.DISK and result.code is None:
                    # Results that come from here, or are conditions of their own.
                    continue
                if result.status is CheckStatus.FAILED:
                    since, _ = self._failed_checks.get(result.name, (now, None))
                    self._failed_checks[result.name] = (since, result)
                elif result.status is CheckStatus.OK:
                    self._failed_checks.pop(result.name, None)

    def storage_warnings(self) -> tuple[str, ...]:
        """Return the warnings about the stores and the disk."""
        warnings = self._store_warnings()
        texts = [warnings[code] for code in STORAGE if code in warnings]
        free = self._free_bytes()
        if free < LOW_DISK_BYTES:
            texts.append(f'Only {free // 1_000_000:,} MB are free in {self._database_path.parent}.')
        return tuple(texts)

    def record_error(self, part: str, error: BaseException | None) -> None:
        """Record an exception of a part of the App, or that it works again (None)."""
        with self._lock:
            if error is None:
                self._failing.pop(part, None)
                return
            now = self._clock.now()
            is_known = isinstance(error, SentinelAppError)
            code = error.code if isinstance(error, SentinelAppError) else 'APP-INTERNAL'
            message = (
                str(error)
                if is_known
                else f'{part} raised an unexpected {type(error).__name__}; the log has the details.'
            )
            known = self._failing.get(part)
            self._failing[part] = Finding(
                subject=_part_label(part),
                message=message,
                code=code,
                since=known.since if known else now,
            )
            self._last_error = LastError(at=now, code=code, message=message)

    def unknown(self) -> frozenset[ConditionCode]:
        """Return the codes of conditions that have not been checked since the start."""
        codes = {
            UNAVAILABLE[system]
            for system, contact in self._contacts.items()
            if not contact.has_answered
        }
        if not self._has_checked:
            codes |= {ConditionCode.CHECK_FAILED, ConditionCode.CREDENTIAL_EXPIRED}
        return frozenset(codes)

    def conditions(self) -> tuple[Condition, ...]:
        """Return the open conditions, worst first, each with its start time."""
        found = conditions(self._facts())
        now = self._clock.now()
        with self._lock:
            self._first_seen = {
                each.key: self._first_seen.get(each.key, now)
                for each in found
                if each.since is None
            }
            return tuple(
                each
                if each.since is not None
                else dataclasses.replace(each, since=self._first_seen[each.key])
                for each in found
            )

    def snapshot(self) -> HealthSnapshot:
        """Return the current state."""
        with self._lock:
            last_error = self._last_error
        last_job_error = self._last_job_error()
        if last_job_error and (last_error is None or last_job_error.at > last_error.at):
            last_error = last_job_error
        return HealthSnapshot(
            version=__version__,
            conditions=self.conditions(),
            started_at=self._started_at,
            storage=self._storage(),
            source_name=self._settings.sentinel_source_name,
            source_system=self._settings.source_system,
            workspace_id_end=self._settings.workspace_id[-ID_END:],
            cloud=self._settings.azure_cloud,
            organization=self._organization,
            last_error=last_error,
            notifications_sent=self._notifier.sent if self._notifier else 0,
            notifications_failed=self._notifier.failed if self._notifier else 0,
        )

    # -- within

    def _facts(self) -> HealthFacts:
        now = self._clock.now()
        state = self._app_state.state
        outlook = self._look(state)
        due = self._queue.next_update() if self._queue else None
        with self._lock:
            failing = tuple(self._failing.values())
        return HealthFacts(
            now=now,
            interval=dt.timedelta(hours=self._settings.schedule_interval_hours),
            started_at=self._started_at,
            queries=state.query_list.queries,
            failed_jobs=outlook.failed_jobs,
            well_since=outlook.well_since,
            withdrawal=outlook.withdrawal,
            context_held_back=self._held_back_context(),
            due_at=due[0] if due else None,
            due_mode=due[1] if due else Mode.DELTA,
            running=self._follower.running if self._follower else None,
            tasks=self._tasks.task_health() if self._tasks else (),
            outages=tuple(
                outage for contact in self._contacts.values() if (outage := contact.outage)
            ),
            failed_checks=self._failing_steps(),
            failing_parts=failing,
            stores=self._store_warnings(),
            free_bytes=self._free_bytes(),
            data_folder=str(self._database_path.parent),
            credential=self._credential(),
        )

    def _look(self, state: State) -> _Outlook:
        """Return the facts from the app state, cached until it changes."""
        known = self._outlook
        if known is not None and known.state is state:
            return known
        jobs, queries = state.jobs.values(), state.query_list.enabled
        outlook = _Outlook(
            state=state,
            failed_jobs=last_failed(jobs, queries),
            well_since=last_well(jobs),
            withdrawal=waiting_withdrawal(state.updates.values(), jobs, queries),
        )
        self._outlook = outlook
        return outlook

    def _held_back_context(self) -> int:
        # Where the database cannot be read, other conditions say so.
        with contextlib.suppress(StorageError):
            self._held_back = self._context_held_back()
        return self._held_back

    def _failing_steps(self) -> tuple[Finding, ...]:
        """Return the failed steps of the last check, without systems that have worked since."""
        with self._lock:
            for name, (since, _) in tuple(self._failed_checks.items()):
                contact = self._contacts.get(REFUTED_BY[name]) if name in REFUTED_BY else None
                worked_at = contact.worked_at if contact else None
                if worked_at is not None and worked_at > since:
                    del self._failed_checks[name]
            return tuple(
                Finding(
                    subject=LABELS[name],
                    message=result.message,
                    remedy=result.remedy,
                    reason=result.reason,
                    code=result.code,
                    since=since,
                )
                for name, (since, result) in self._failed_checks.items()
            )

    def _store_warnings(self) -> dict[ConditionCode, str]:
        texts = {
            ConditionCode.DOCUMENTS_SET_ASIDE: self._app_state.warning,
            ConditionCode.DATABASE_SET_ASIDE: self._database_warning,
            **{code: warning() for code, warning in self._reading_warnings.items()},
        }
        return {code: text for code, text in texts.items() if text}

    def _credential(self) -> Credential:
        contact = self._contacts.get(System.ENTRA)
        refusal = contact.refusal if contact else None
        is_expired = refusal is not None and refusal[1].context.get('aadsts') == EXPIRED_SECRET
        return Credential(
            expires_at=self._certificate_end(),
            refused_at=refusal[0] if refusal and is_expired else None,
        )

    def _last_job_error(self) -> LastError | None:
        jobs, _ = self._app_state.jobs(statuses=[JobStatus.FAILED], sort='date_failed', limit=1)
        for job in jobs:
            if job.failed_at and job.failure_code:
                return LastError(
                    at=job.failed_at, code=job.failure_code, message=job.failure_reason or ''
                )
        return None

    def _free_bytes(self) -> int:
        return shutil.disk_usage(self._database_path.parent).free

    def _storage(self) -> StorageFacts:
        return StorageFacts(
            app_state_bytes=_size(self._documents_path),
            database_bytes=_size(self._database_path) + _size(_wal(self._database_path)),
            free_bytes=self._free_bytes(),
        )


_NAMES = {str(facts.slug): facts.name for facts in TASK_FACTS}


def _part_label(part: str) -> str:
    """Return the label of a part; the threads of a Task share the Task's."""
    slug = part.rstrip('0123456789').removesuffix('-') if part[-1:].isdigit() else part
    return _NAMES.get(slug, part.capitalize())


def _wal(path: Path) -> Path:
    return path.with_name(path.name + '-wal')


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
