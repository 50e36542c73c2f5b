"""Search for orphans at the start of an update: what is gone from ThreatConnect.

Deleted Indicators, inactive ones, and values that Indicators no longer have leave orphans: live
objects without a copy. A delta then searches each query for such values; what no Job has chosen at
the end is withdrawn (`revoke`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.job import JobStatus, Update
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.query import WithdrawPolicy
from sentinel_app.core.question import inactive_question, selection_question
from sentinel_app.core.row import Parse, row_id
from sentinel_app.core.scope import Scope
from sentinel_app.core.source import Source
from sentinel_app.core.time_range import BEGINNING, TimeRange
from sentinel_app.core.window import believed, next_window
from sentinel_app.errors import FatalError, RetryableError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.deleted_list import DeletedList
from sentinel_app.pipeline.identity import CHANGEABLE, Identities
from sentinel_app.pipeline.probe import Probe
from sentinel_app.pipeline.retrier import Retrier
from sentinel_app.pipeline.row_reader import RowReader
from sentinel_app.pipeline.trouble import Troubles
from sentinel_app.pipeline.withdraw_guard import WithdrawGuard, most_attempts
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.orphans import Orphans

_log = EventLog(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """Result of the search."""

    until: dt.datetime | None = None
    """Time up to which the search is complete; None if that does not change."""
    is_failed: bool = False
    warning: str | None = None


class OrphanSearch:
    """Searches for orphans, once for each update.

    Args:
        parse: parses a raw row into an Indicator; raises `SkippableError` if it cannot be sent.
        policy: which Indicators are withdrawn.
        guard: the limits of withdrawals.
    """

    def __init__(
        self,
        *,
        source: Source,
        probe: Probe,
        app_state: AppState,
        ledger: Ledger,
        orphans: Orphans,
        parse: Parse,
        clock: Clock,
        troubles: Troubles,
        policy: WithdrawPolicy,
        guard: WithdrawGuard,
    ) -> None:
        self._source = source
        self._reader = RowReader(source=source, probe=probe, clock=clock, troubles=troubles)
        self._identities = Identities(reader=self._reader, orphans=orphans, parse=parse)
        self._deleted = DeletedList(source, clock, troubles)
        self._app_state = app_state
        self._ledger = ledger
        self._orphans = orphans
        self._clock = clock
        self._troubles = troubles
        self._policy = policy
        self._guard = guard

    def search(self, update: Update, stop: Stop) -> bool:
        """Search for orphans, unless the update has done so.

        Returns:
            False if there was nothing to do.
        """
        if self._orphans.is_searched(update.id):
            return False
        is_idle = (
            self._policy is WithdrawPolicy.NEVER
            or update.scope is not Scope.WHOLE
            or not self._guard.covers_all(update)
            or not self._guard.reads_any(update)
        )
        live = self._ledger.live(self._clock.now())
        found = _Search()
        if not is_idle:
            found = self._find(update, stop) if live else self._begin(update)
        count = len(self._orphaned(update))
        is_too_much = self._guard.is_too_much(update, count, self._clock.now())
        self._orphans.end_search(
            update.id,
            until=found.until,
            is_held_back=is_idle or found.is_failed or is_too_much,
            is_failed=found.is_failed,
            warning=found.warning,
        )
        attempts = most_attempts(update)
        nothing_to_confirm = not self._orphans.unconfirmed(update.id, most_attempts=attempts)
        # Chosen values are withdrawn, or reported as missing, at the end.
        has_more = update.scope is Scope.SEND or update.scope.only_withdraws
        is_nothing_meant = is_idle and not update.withdrawn_ids
        if (is_nothing_meant or not live) and nothing_to_confirm and not has_more:
            self._orphans.close(update.id, held_back=0)
        return True

    def held_by(self, query_id: str, indicator_ids: Sequence[int]) -> Sequence[int]:
        """Return the Indicators among these that a query holds in the ledger."""
        return self._orphans.held_by(query_id, indicator_ids)

    def known_copies(self, digests: Sequence[bytes]) -> Sequence[int]:
        """Return the Indicators that hold these keys in the ledger, or were refused for them."""
        return self._orphans.known_copies(digests)

    def lost_values(self, update: Update) -> Sequence[tuple[ObjectKey, str]]:
        """Return key and summary of lost values, of which there may be other copies."""
        return () if self._orphans.is_held_back(update.id) else self._orphaned(update)

    def _orphaned(self, update: Update) -> Sequence[tuple[ObjectKey, str]]:
        return self._orphans.orphaned(
            update.id, now=self._clock.now(), most_attempts=most_attempts(update)
        )

    def _begin(self, update: Update) -> _Search:
        """Set the start of later searches, as Sentinel holds nothing yet."""
        if self._ledger.live_sources(BEGINNING):
            # All objects have expired; but if our clock is wrong, they will be live again.
            return _Search()
        jobs = self._app_state.jobs_of(update.id)
        queries = [job.query for job in jobs if not job.is_withdrawal]
        nothing = selection_question(queries[0].owners, queries[0].indicator_types, clause='id < 0')
        try:
            return _Search(until=self._source.count(nothing)[1])
        except (RetryableError, FatalError):
            # Then the first search has no start, and takes longer.
            return _Search()

    def _find(self, update: Update, stop: Stop) -> _Search:
        """Find Indicators that were deleted, set inactive, or changed in value."""
        # The owner of a query that was removed since may no longer be readable.
        jobs = self._app_state.jobs_of(update.id)
        queries = [
            job.query
            for job in jobs
            if job.status is not JobStatus.CANCELLED and not job.is_withdrawal
        ]
        # Also for objects that no query selects any more: they too can be deleted or set inactive.
        held = self._ledger.live_sources(self._clock.now())
        covered = {owner for query in queries for owner in query.owners}
        others = {owner for owner, _ in held} - covered
        types = sorted(
            {str(kind) for query in queries for kind in query.indicator_types}
            | {kind for _, kind in held}
        )
        began_at = self._clock.now()
        since = believed(self._orphans.searched_until(), began_at)
        if since is not None:
            since = next_window(cursor_at=since, server_now=since).start_at
        try:
            hidden = others - self._readable(stop) if others else set()
            owners = sorted(covered | others - hidden)
            lists = [
                self._deleted.read(
                    owner,
                    since=since,
                    stop=stop,
                    take=partial(self._identities.take_deleted, update, stop=stop),
                )
                for owner in owners
            ]
            time_range = TimeRange(start_at=since)
            known_ats = [self._find_inactive(update, owners, types, time_range, stop)]
            changeable = sorted({owner for owner, kind in held if kind in CHANGEABLE} - hidden)
            if changeable:
                known_ats.append(
                    self._identities.find_changed(update, changeable, time_range, stop)
                )
        except (RetryableError, FatalError) as error:
            _log.warning('search-failed', code=error.code, reason=error.reason or error.message)
            return _Search(
                is_failed=True,
                warning='Nothing was withdrawn, because ThreatConnect did not say which '
                f'Indicators are gone: {error.message} ({error.code})',
            )
        # Owners that cannot be read are searched from the same time once they can.
        until = None if hidden else min([began_at, *known_ats, *(each.server_at for each in lists)])
        warnings = [each.warning for each in lists if each.warning is not None]
        for warning in warnings:
            _log.warning('deleted-list-truncated', warning=warning)
        return _Search(until=until, warning=' '.join(warnings) or None)

    def _readable(self, stop: Stop) -> set[str]:
        retrier = Retrier(self._clock, stop, self._troubles)
        return {owner.name for owner in retrier.call(self._source.owners)}

    def _find_inactive(
        self,
        update: Update,
        owners: Sequence[str],
        types: Sequence[str],
        time_range: TimeRange,
        stop: Stop,
    ) -> dt.datetime:
        return self._reader.read(
            update,
            'inactive',
            lambda part, last_id: inactive_question(
                owners, types, time_range=part, after_id=last_id
            ),
            time_range,
            take=lambda rows: self._orphans.orphan_indicators([row_id(row) for row in rows]),
            stop=stop,
        )
