"""Objects of a withdrawal that was held back, for review before its confirmation."""

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
    """Lists the withdrawals that a Job held back.

    Args:
        withdrawals: the reader of their objects.
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
        """Return a page of the objects that a confirmation would withdraw now, and the total.

        Objects that have come back since, were chosen by another query, or have expired are
        omitted.

        Raises:
            NotFoundError: the Job does not exist.
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
        """Return which unchosen objects the update would withdraw if it ran again."""
        is_policy = self._policy is not WithdrawPolicy.NEVER
        is_no_match = self._policy is WithdrawPolicy.DELETED_OR_NO_LONGER_MATCHING
        return Unwanted(
            are_orphans_meant=is_policy,
            are_all_meant=is_no_match and update.mode is not Mode.DELTA,
            kept=self._app_state.query_list().disabled_ids,
            withdrawn=frozenset(update.withdrawn_ids),
        )
