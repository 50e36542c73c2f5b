"""What deleted queries have sent and a person wants withdrawn."""

from __future__ import annotations

from collections.abc import Collection

from sentinel_app.core.clock import Clock
from sentinel_app.core.job import JobStatus, Mode, Update
from sentinel_app.core.revocation import Withdrawal
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.ledger import Ledger


class DeletedQueries:
    """Decides which updates withdraw what deleted queries sent, and records the result."""

    def __init__(self, *, app_state: AppState, ledger: Ledger, clock: Clock) -> None:
        self._app_state = app_state
        self._ledger = ledger
        self._clock = clock

    def is_due(self) -> bool:
        """Whether there is a withdrawal that no update has tried or is going to."""
        wanted = {each.query.id for each in self._app_state.withdrawals() if not each.is_tried}
        for update in self._app_state.open_updates():
            wanted -= set(update.withdrawn_ids)
        return bool(wanted)

    def for_update(self, mode: Mode, query_ids: Collection[str]) -> tuple[Withdrawal, ...]:
        """Return what an update of these queries is to withdraw.

        Only one that reads every query as a whole knows what none of them selects.
        """
        enabled = self._app_state.query_list().enabled
        is_whole = all(query.id in query_ids for query in enabled)
        if mode is Mode.DELTA or not is_whole:
            return ()
        return self._app_state.withdrawals()

    def settle(self, update: Update) -> None:
        """Record the result of the withdrawals of an update that completed.

        A withdrawal is done when nothing of its query is live. Until then each update that reads
        everything carries it, but no update is due for it any more: it may wait for a person's
        confirmation.
        """
        jobs = self._app_state.jobs_of(update.id)
        covered = {job.query.id for job in jobs if job.status is JobStatus.UPLOAD_COMPLETE}
        enabled = self._app_state.query_list().enabled
        are_all = len(covered) == len(jobs) and all(query.id in covered for query in enabled)
        if not update.withdrawn_ids or not are_all:
            return
        live = {each.query_id for each in self._ledger.live_counts(self._clock.now())}
        done = set(update.withdrawn_ids) - live
        self._app_state.settle_withdrawals(done=done, tried=update.withdrawn_ids)
