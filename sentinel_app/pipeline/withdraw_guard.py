"""Limits on what an update may withdraw at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from sentinel_app.core.job import Mode, Update
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.ledger import Ledger

ALWAYS_ALLOWED = 100
"""Number of objects that may always be withdrawn at once, whatever their share of the ledger."""

MOST_ATTEMPTS = 3
"""Maximum attempts of a withdrawal that Sentinel refuses, except by a full update."""

_ANY_ATTEMPTS = 2**31


class WithdrawGuard:
    """Holds back withdrawals that a person must confirm first.

    Args:
        limit_percent: the share of live objects in percent; an update that would withdraw more
            withdraws nothing until a person has confirmed it.
    """

    def __init__(self, *, app_state: AppState, ledger: Ledger, limit_percent: int) -> None:
        self._app_state = app_state
        self._ledger = ledger
        self._limit_percent = limit_percent

    def is_too_much(self, update: Update, count: int, now: dt.datetime) -> bool:
        """Return whether this number of withdrawals needs a person's confirmation."""
        if update.confirmed_withdrawals is not None and count <= update.confirmed_withdrawals:
            return False
        return self.exceeds(count, lambda: self._ledger.live(now))

    def exceeds(self, count: int, live: Callable[[], int]) -> bool:
        """Return whether a number of withdrawals is more than the share of what is live."""
        return count > ALWAYS_ALLOWED and count * 100 > live() * self._limit_percent

    def covers_all(self, update: Update) -> bool:
        """Return whether each enabled query has a Job of the update that was not cancelled."""
        jobs = self._app_state.jobs_of(update.id)
        covered = {job.query.id for job in jobs if not job.status.is_final}
        queries = self._app_state.query_list().enabled
        return all(query.id in covered for query in queries)

    def reads_any(self, update: Update) -> bool:
        """Return whether the update reads a query; some only withdraw for deleted queries."""
        return any(not job.is_withdrawal for job in self._app_state.jobs_of(update.id))

    def kept(self) -> frozenset[str]:
        """Return the disabled queries, whose objects stay although no update reads them."""
        return self._app_state.query_list().disabled_ids


def most_attempts(update: Update) -> int:
    """Return the maximum refusals of a withdrawal that the update retries."""
    return _ANY_ATTEMPTS if update.mode is Mode.FULL else MOST_ATTEMPTS
