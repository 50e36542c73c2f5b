"""Withdrawal, at the end of an update, of orphans and of what no query has chosen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from sentinel_app.core.clock import Clock
from sentinel_app.core.job import Mode, Update
from sentinel_app.core.progress import CANCELLED_CODE, Progress, Reading
from sentinel_app.core.query import WithdrawPolicy
from sentinel_app.core.revocation import LiveObject, Unwanted, revocation
from sentinel_app.core.scope import Scope, keys_of_values, values_without, values_words
from sentinel_app.log import EventLog
from sentinel_app.pipeline.wakeup import Wakeups
from sentinel_app.pipeline.withdraw_guard import WithdrawGuard, most_attempts
from sentinel_app.storage.orphans import Orphans
from sentinel_app.storage.unknown_objects import UnknownObjects

_PORTION = 500

_log = EventLog(__name__)


class Revoke:
    """Withdraws objects once everything that an update reads is converted.

    Args:
        policy: which Indicators are withdrawn.
        guard: holds back withdrawals that are too many at once.
        unknown: the objects that Verify has found and the ledger does not know.
    """

    def __init__(
        self,
        *,
        orphans: Orphans,
        unknown: UnknownObjects,
        policy: WithdrawPolicy,
        guard: WithdrawGuard,
        clock: Clock,
        wakeups: Wakeups,
    ) -> None:
        self._orphans = orphans
        self._unknown = unknown
        self._policy = policy
        self._guard = guard
        self._clock = clock
        self._wakeups = wakeups

    def close(self, update: Update, progress: Sequence[Progress]) -> bool:
        """Withdraw what no query has chosen, once all queries are read and converted.

        Returns:
            False if it is too early, or already done.
        """
        # A Job that was cancelled before its update began has a row, but no part in the update.
        progress = [item for item in progress if item.failure_code != CANCELLED_CODE]
        is_ready = all(item.is_converted for item in progress)
        if not is_ready or all(item.is_closed for item in progress):
            return False
        held_back, warning = 0, None
        if not any(item.is_stopped for item in progress):
            attempts = most_attempts(update)
            self._unknown.take_in(update.id)
            self._add(progress, self._orphans.unconfirmed(update.id, most_attempts=attempts))
            if update.scope is Scope.WITHDRAW:
                warning = self._withdraw_chosen(update, progress)
            elif update.scope is Scope.UNKNOWN:
                self._withdraw_unknown(update, progress)
        # A failed reading or orphan search does not prove that anything is gone.
        is_whole = all(
            item.reading is Reading.COMPLETE and not item.is_stopped for item in progress
        )
        is_known = not self._orphans.has_failed(update.id)
        is_wanted = update.scope is Scope.WHOLE and self._guard.covers_all(update)
        if is_whole and is_known and is_wanted:
            held_back = self._withdraw(update, progress)
        if is_whole and update.scope is Scope.SEND:
            warning = self._unselected(update)
        self._orphans.close(update.id, held_back=held_back, warning=warning)
        self._wakeups.upload.notify_all()
        self._wakeups.schedule.notify()
        return True

    def _withdraw_chosen(self, update: Update, progress: Sequence[Progress]) -> str | None:
        """Withdraw what a person has chosen; return a warning, if there is one.

        Neither the withdrawal policy nor the guard applies.
        """
        now = self._clock.now()
        digests = list(keys_of_values(update.values))
        present = self._orphans.present(update.id, digests, now=now)
        held = self._orphans.live_of(update.id, digests, now=now)
        self._add(progress, held)
        if held:
            _log.info('withdrawal', update_id=update.id, objects=len(held))
        missing = values_without(update.values, present)
        if not missing:
            return None
        words = values_words(missing, len(update.values))
        verb = 'was' if len(missing) == 1 else 'were'
        return f'{words} {verb} not in Sentinel any more, so there was nothing to withdraw.'

    def _withdraw_unknown(self, update: Update, progress: Sequence[Progress]) -> None:
        """Withdraw what Verify found and the ledger does not know.

        A person has confirmed it by its number, so the guard does not apply.
        """
        count, after = 0, b''
        while True:
            held, after = self._unknown.next_of(
                update.id, progress[0].job, after=after, limit=_PORTION
            )
            if not held:
                break
            self._add(progress, held)
            count += len(held)
        _log.info('withdrawal', update_id=update.id, objects=count)

    def _unselected(self, update: Update) -> str | None:
        """Return a warning about chosen values that no query selects."""
        missing = values_without(update.values, self._orphans.found(update.id))
        if not missing:
            return None
        verb = 'was' if len(missing) == 1 else 'were'
        words = values_words(missing, len(update.values))
        return f'{words} {verb} not sent: no enabled TQL query selects {_them(missing)}.'

    def _withdraw(self, update: Update, progress: Sequence[Progress]) -> int:
        """Add withdrawals to the outbox; return the number that is held back instead."""
        now = self._clock.now()
        unwanted = self._unwanted(update)
        attempts = most_attempts(update)
        count = self._orphans.unchosen(update.id, unwanted, now=now, most_attempts=attempts)
        is_unsearched = (
            unwanted.are_orphans_meant
            and not unwanted.are_all_meant
            and self._orphans.is_held_back(update.id)
        )
        if count and (is_unsearched or self._guard.is_too_much(update, count, now)):
            _log.warning('withdrawal-held-back', update_id=update.id, objects=count)
            return count
        after = 0
        while held := self._orphans.next_unchosen(
            update.id,
            unwanted,
            now=now,
            most_attempts=attempts,
            after=after,
            limit=_PORTION,
        ):
            self._add(progress, held)
            after = held[-1].object
        if count:
            _log.info('withdrawal', update_id=update.id, objects=count)
        return 0

    def _unwanted(self, update: Update) -> Unwanted:
        """Return which of the unchosen objects the update withdraws."""
        # What a person has chosen to withdraw is withdrawn whatever the policy.
        is_policy = self._policy is not WithdrawPolicy.NEVER and self._guard.reads_any(update)
        is_no_match = self._policy is WithdrawPolicy.DELETED_OR_NO_LONGER_MATCHING
        return Unwanted(
            are_orphans_meant=is_policy,
            are_all_meant=is_policy and is_no_match and update.mode is not Mode.DELTA,
            kept=self._guard.kept(),
            withdrawn=frozenset(update.withdrawn_ids),
        )

    def _add(self, progress: Sequence[Progress], held: Iterable[LiveObject]) -> None:
        """Withdraw objects by the Jobs of their queries, else by that of the highest query."""
        now: dt.datetime = self._clock.now()
        # A Job that was cancelled before its update began can withdraw nothing.
        jobs = {item.query_id: item.request_id for item in progress}
        first = progress[0].request_id
        self._orphans.add_revocations(
            [revocation(item, jobs.get(item.query_id, first), now) for item in held]
        )


def _them(values: Sequence[object]) -> str:
    return 'it' if len(values) == 1 else 'them'
