"""How the App is: the last error, its stores, and what a person must know of the Service."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from sentinel_app import __version__
from sentinel_app.api.ports import HealthSnapshot, HealthState, LastError, StorageFacts
from sentinel_app.core.clock import Clock
from sentinel_app.core.indicator import Owner
from sentinel_app.core.job import JobStatus
from sentinel_app.errors import SentinelAppError
from sentinel_app.settings import Settings
from sentinel_app.storage.app_state.store import AppState

LOW_DISK_BYTES = 500_000_000
ID_END = 4


class Health:
    """Collects what goes wrong in the background; implements the port `HealthSource`.

    Args:
        reading_warnings: each tells what a person must know of reading from ThreatConnect.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        reading_warnings: Sequence[Callable[[], str | None]],
        app_state: AppState,
        documents_path: Path,
        database_path: Path,
        database_warning: str | None = None,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._reading_warnings = reading_warnings
        self._app_state = app_state
        self._documents_path = documents_path
        self._database_path = database_path
        self._database_warning = database_warning
        self._clock = clock
        self._started_at = clock.now()
        self._lock = threading.Lock()
        self._last_error: LastError | None = None
        self._failing: set[str] = set()
        self._organization: str | None = None

    def note_owners(self, owners: Sequence[Owner]) -> None:
        """Take note of what the API user can read: the one Organization among it is its own.

        A user of the whole instance can read several; then none of them can be told to be its own.
        """
        names = [owner.name for owner in owners if owner.type == 'Organization']
        self._organization = names[0] if len(names) == 1 else None

    def note(self, part: str, error: BaseException | None) -> None:
        """Take note that a part of the App met an exception, or works again (None)."""
        with self._lock:
            if error is None:
                self._failing.discard(part)
                return
            self._failing.add(part)
            is_known = isinstance(error, SentinelAppError)
            self._last_error = LastError(
                at=self._clock.now(),
                code=error.code if isinstance(error, SentinelAppError) else 'APP-INTERNAL',
                message=str(error)
                if is_known
                else f'{part} met an unexpected {type(error).__name__}; the log has the details.',
            )

    def snapshot(self) -> HealthSnapshot:
        """Give the present state."""
        with self._lock:
            last_error, is_failing = self._last_error, bool(self._failing)
        last_job_error = self._last_job_error()
        if last_job_error and (last_error is None or last_job_error.at > last_error.at):
            last_error = last_job_error
        storage = self._storage()
        is_degraded = is_failing or bool(storage.warnings)
        return HealthSnapshot(
            version=__version__,
            status=HealthState.DEGRADED if is_degraded else HealthState.OK,
            started_at=self._started_at,
            storage=storage,
            source_name=self._settings.sentinel_source_name,
            workspace_id_end=self._settings.workspace_id[-ID_END:],
            cloud=self._settings.azure_cloud,
            organization=self._organization,
            last_error=last_error,
        )

    def _last_job_error(self) -> LastError | None:
        jobs, _ = self._app_state.jobs(statuses=[JobStatus.FAILED], sort='date_failed', limit=1)
        for job in jobs:
            if job.failed_at and job.failure_code:
                return LastError(
                    at=job.failed_at, code=job.failure_code, message=job.failure_reason or ''
                )
        return None

    def _storage(self) -> StorageFacts:
        free = shutil.disk_usage(self._database_path.parent).free
        warnings = []
        if self._app_state.warning:
            warnings.append(self._app_state.warning)
        if self._database_warning:
            warnings.append(self._database_warning)
        warnings += [text for warning in self._reading_warnings if (text := warning())]
        if free < LOW_DISK_BYTES:
            warnings.append(
                f'Only {free // 1_000_000:,} MB are free where the App keeps its data '
                f'({self._database_path.parent}); make room.'
            )
        return StorageFacts(
            documents_bytes=_size(self._documents_path),
            database_bytes=_size(self._database_path) + _size(_wal(self._database_path)),
            free_bytes=free,
            warnings=tuple(warnings),
        )


def _wal(path: Path) -> Path:
    return path.with_name(path.name + '-wal')


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
