"""What an update may withdraw, and how much of it at once."""

from __future__ import annotations

import datetime as dt

from sentinel_app.core.job import Mode, Update
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.ledger import Ledger

ALWAYS_ALLOWED = 100
"""So many objects may be withdrawn at once whatever share of the ledger they are."""

MOST_ATTEMPTS = 3
"""How often a withdrawal that Sentinel refuses is tried again, save by a full update."""

_ANY_ATTEMPTS = 2**31


class WithdrawGuard:
    """Holds back withdrawals that somebody has to confirm first.

    Args:
        limit_percent: of the live objects; an update that would withdraw more withdraws nothing
            until somebody has confirmed it.
    """

    def __init__(self, *, app_state: AppState, ledger: Ledger, limit_percent: int) -> None:
        self._app_state = app_state
        self._ledger = ledger
        self._limit_percent = limit_percent

    def is_too_much(self, update: Update, count: int, now: dt.datetime) -> bool:
        """Whether so many withdrawals wait for somebody's confirmation."""
        if update.confirmed_withdrawals is not None and count <= update.confirmed_withdrawals:
            return False
        return count > ALWAYS_ALLOWED and count * 100 > self._ledger.live(now) * self._limit_percent

    def covers_all(self, update: Update) -> bool:
        """Whether each enabled query has a Job of the update that has not been cancelled."""
        jobs = self._app_state.jobs_of(update.id)
        covered = {job.query.id for job in jobs if not job.status.is_final}
        queries = self._app_state.query_list().enabled
        return all(query.id in covered for query in queries)

    def reads_any(self, update: Update) -> bool:
        """Whether the update reads a query; one may only withdraw what deleted ones have sent."""
        return any(not job.is_withdrawal for job in self._app_state.jobs_of(update.id))

    def kept(self) -> frozenset[str]:
        """Return the queries whose objects stay although no update reads them: disabled ones."""
        return self._app_state.query_list().disabled_ids


def most_attempts(update: Update) -> int:
    """Return how often a withdrawal may have been refused that the update tries again."""
    return _ANY_ATTEMPTS if update.mode is Mode.FULL else MOST_ATTEMPTS
