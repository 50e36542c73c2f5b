"""What a withdrawal that was held back would withdraw, before somebody confirms it."""

from __future__ import annotations

from sentinel_app.core.clock import Clock
from sentinel_app.core.job import Job, Mode, Update
from sentinel_app.core.job_outlook import waiting_withdrawal
from sentinel_app.core.query import WithdrawPolicy
from sentinel_app.core.revocation import Unwanted
from sentinel_app.core.withdrawable import WithdrawableObject
from sentinel_app.errors import ConflictError, NotFoundError
from sentinel_app.pipeline.withdraw_guard import most_attempts
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.withdrawals import WithdrawalReader


class WithdrawalLists:
    """Lists what a Job held back.

    Args:
        withdrawals: what the ledger knows.
        policy: which Indicators are withdrawn.
    """

    def __init__(
        self,
        *,
        app_state: AppState,
        withdrawals: WithdrawalReader,
        policy: WithdrawPolicy,
        clock: Clock,
    ) -> None:
        self._app_state = app_state
        self._withdrawals = withdrawals
        self._policy = policy
        self._clock = clock
        self._known: tuple[object, Job | None] = (None, None)

    def waiting(self) -> Job | None:
        """Return the Job whose withdrawal waits for a decision; searched again after a change."""
        state = self._app_state.state
        known, job = self._known
        if known is not state:
            updates, jobs = state.updates.values(), state.jobs.values()
            job = waiting_withdrawal(updates, jobs, state.query_list.enabled)
            self._known = (state, job)
        return job

    def page(
        self, request_id: str, *, limit: int, offset: int
    ) -> tuple[tuple[WithdrawableObject, ...], int]:
        """Return some of the objects that confirming would withdraw now, and their number.

        What has come back since, was chosen by another query, or has expired is not among them.

        Raises:
            NotFoundError: there is no such Job.
            ConflictError: the Job held nothing back.
        """
        job = self._app_state.job(request_id)
        update = None if job is None else self._app_state.update(job.update_id)
        if job is None or update is None:
            raise NotFoundError('There is no Job with this Request ID; it may have been removed.')
        if not job.status.is_final or not job.counts.held_back:
            raise ConflictError('This request held no withdrawal back, so there is none to list.')
        return self._withdrawals.page(
            self._app_state.jobs_of(job.update_id),
            self._unwanted(update),
            now=self._clock.now(),
            most_attempts=most_attempts(update),
            limit=limit,
            offset=offset,
        )

    def _unwanted(self, update: Update) -> Unwanted:
        """Return what the update withdraws of what no query has chosen, were it made again."""
        is_policy = self._policy is not WithdrawPolicy.NEVER
        is_no_match = self._policy is WithdrawPolicy.DELETED_OR_NO_LONGER_MATCHING
        return Unwanted(
            are_orphans_meant=is_policy,
            are_all_meant=is_no_match and update.mode is not Mode.DELTA,
            kept=self._app_state.query_list().disabled_ids,
            withdrawn=frozenset(update.withdrawn_ids),
        )
