"""Builds the stores: the documents and the database of the data folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sentinel_app.core.clock import Clock
from sentinel_app.errors import StorageError
from sentinel_app.storage.actor_groups import ActorGroups
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.context_batches import ContextBatches
from sentinel_app.storage.context_store import ContextStore
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.fence import Fence
from sentinel_app.storage.findings import Findings
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.maintenance.damage import set_aside_damaged
from sentinel_app.storage.matches import Matches
from sentinel_app.storage.metrics import MetricStore
from sentinel_app.storage.orphans import Orphans
from sentinel_app.storage.page_queue import PageQueue
from sentinel_app.storage.request_time import RequestTimes
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.update_store import UpdateStore
from sentinel_app.storage.verifications import Verifications

DOCUMENTS_FILE: Final = 'documents.json'
DATABASE_FILE: Final = 'state.db'


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The stores of one data folder."""

    folder: Path
    app_state: AppState
    db: Database
    database_warning: str | None
    """What people must know of the database; None where all is well."""
    store: UpdateStore
    ledger: Ledger
    orphans: Orphans
    metrics: MetricStore
    errors: ErrorLog
    matches: Matches
    times: RequestTimes
    verifications: Verifications
    findings: Findings
    context: ContextStore
    context_batches: ContextBatches
    actor_groups: ActorGroups

    @property
    def documents_path(self) -> Path:
        """The file of the documents."""
        return self.folder / DOCUMENTS_FILE

    @property
    def database_path(self) -> Path:
        """The file of the database."""
        return self.folder / DATABASE_FILE

    def recover(self) -> int:
        """Take up what an earlier process left; return the number of objects that were in flight.

        Raises:
            StorageError: the disk does not take it.
        """
        in_flight = self.store.recover() + self.context_batches.recover()
        self.store.ended_updates.remove_others(
            [update.id for update in self.app_state.open_updates()]
        )
        return in_flight


def build_stores(folder: Path, clock: Clock) -> Stores:
    """Open the stores.

    Args:
        folder: the data folder.
        clock: the present.

    Raises:
        ConfigError: a newer version wrote them.
        StorageError: the data folder cannot be used.
    """
    fence = Fence()
    app_state = AppState(folder / DOCUMENTS_FILE, now=clock.now, fence=fence)
    db, warning = _open_database(folder / DATABASE_FILE, app_state, fence, clock)
    return stores_over(folder, app_state, db, warning)


def stores_over(
    folder: Path, app_state: AppState, db: Database, database_warning: str | None = None
) -> Stores:
    """Return the stores over an open database.

    Args:
        folder: the data folder.
        app_state: the documents.
        db: the database.
        database_warning: what people must know of it.
    """
    store = UpdateStore(db, PageQueue())
    return Stores(
        folder=folder,
        app_state=app_state,
        db=db,
        database_warning=database_warning,
        store=store,
        ledger=Ledger(db),
        orphans=Orphans(db, store),
        metrics=MetricStore(db),
        errors=ErrorLog(db),
        matches=Matches(db),
        times=RequestTimes(db),
        verifications=Verifications(
            db, open_updates=lambda: {update.id for update in app_state.open_updates()}
        ),
        findings=Findings(db),
        context=ContextStore(db),
        context_batches=ContextBatches(db),
        actor_groups=ActorGroups(db),
    )


def _open_database(
    path: Path, app_state: AppState, fence: Fence, clock: Clock
) -> tuple[Database, str | None]:
    """Open the database, or a new one in place of a damaged one; return it with its warning.

    Raises:
        ConfigError: the file is of a newer version.
        StorageError: the disk does not let it be opened.
    """
    warning = set_aside_damaged(path, now=clock.now)
    try:
        return _opened(path, app_state, fence), warning
    except StorageError:
        # The migration may have found damage that the inspection did not.
        warning = set_aside_damaged(path, now=clock.now)
        if warning is None:
            raise
    return _opened(path, app_state, fence), warning


def _opened(path: Path, app_state: AppState, fence: Fence) -> Database:
    if not path.exists() and app_state.schedule().last_run_at is not None:
        # Without the ledger nobody knows what Sentinel holds. Stored before there is a new file,
        # so that a start that breaks off here is repeated.
        app_state.require_full()
    return Database(path, fence=fence)
