"""The queue of updates and what follows the running one, over real stores."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from sentinel_app.core.job import Mode
from sentinel_app.pipeline.wakeup import Wakeups
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.context_store import ContextStore
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.metrics import MetricStore
from sentinel_app.tasks.deleted_query import DeletedQueries
from sentinel_app.tasks.update_follower import UpdateFollower
from sentinel_app.tasks.update_queue import UpdateQueue
from sentinel_app.tasks.update_schedule import UpdateSchedule
from tests.harness.builders.app_state import make_audit, make_query
from tests.harness.builders.update import make_faults, make_store
from tests.harness.clocks import StandingClock
from tests.harness.database import open_database

HOUR = dt.timedelta(hours=1)


class UpdateStand:
    """An App without a pipeline, whose updates are scheduled every hour."""

    def __init__(self, folder: Path) -> None:
        self.clock = StandingClock()
        self.app_state = AppState(folder / 'documents.json', now=self.clock.now)
        self.db = open_database(folder / 'state.db')
        self.store = make_store(self.db)
        self.wakeups = Wakeups(senders=1)
        deleted_queries = DeletedQueries(
            app_state=self.app_state, ledger=Ledger(self.db), clock=self.clock
        )
        self.queue = UpdateQueue(
            app_state=self.app_state,
            schedule=UpdateSchedule(
                app_state=self.app_state,
                deleted_queries=deleted_queries,
                interval=HOUR,
                reconcile_interval=None,
            ),
            deleted_queries=deleted_queries,
            clock=self.clock,
            wakeup=self.wakeups.schedule,
        )
        self.follower = UpdateFollower(
            app_state=self.app_state,
            store=self.store,
            metrics=MetricStore(self.db),
            context=ContextStore(self.db),
            deleted_queries=deleted_queries,
            faults=make_faults(self.db, self.clock, self.store),
            clock=self.clock,
            wakeups=self.wakeups,
        )

    def save(self, mode: Mode | None = None) -> None:
        """Save two queries; `mode` is that of the next scheduled update."""
        self.app_state.save_queries(
            [make_query('q1'), make_query('q2')],
            expected_version=self.app_state.query_list().version,
            next_mode=mode,
            audit=make_audit(),
        )

    @property
    def is_scheduler_woken(self) -> bool:
        return self.wakeups.schedule.wait(0.0)

    def queue_due(self) -> Mode | None:
        """Queue what is due; the mode of the update that was queued."""
        update = self.queue.queue_due()
        return update.mode if update else None
