"""Finds out, at the start of an update, what is gone from ThreatConnect.

Deleted Indicators, those set inactive, and values that Indicators no longer have leave orphans:
live objects without a copy. A delta then asks each query whether it still returns such a value;
what nobody has chosen at the end is withdrawn (`revoke`).
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
    """What came of looking for what is gone."""

    until: dt.datetime | None = None
    """Up to when it is known; None where that does not move."""
    is_failed: bool = False
    warning: str | None = None


class OrphanSearch:
    """Finds what is gone, once for each update.

    Args:
        parse: makes an Indicator of a raw row; raises `SkippableError` for one that cannot be sent.
        policy: which Indicators are withdrawn.
        guard: tells what may be withdrawn.
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
        """Search for what is gone, unless the update has done so.

        Returns:
            False when there was nothing to do.
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
        # What a person has chosen is withdrawn, or told to be missing, at the end.
        has_more = update.scope in {Scope.SEND, Scope.WITHDRAW}
        is_nothing_meant = is_idle and not update.withdrawn_ids
        if (is_nothing_meant or not live) and nothing_to_confirm and not has_more:
            self._orphans.close(update.id, held_back=0)
        return True

    def known_copies(self, digests: Sequence[bytes]) -> Sequence[int]:
        """Return the Indicators that the ledger knows for keys: what is held, and was refused."""
        return self._orphans.known_copies(digests)

    def lost_values(self, update: Update) -> Sequence[tuple[ObjectKey, str]]:
        """Return key and summary of what is gone, which others may have as well."""
        return () if self._orphans.is_held_back(update.id) else self._orphaned(update)

    def _orphaned(self, update: Update) -> Sequence[tuple[ObjectKey, str]]:
        return self._orphans.orphaned(
            update.id, now=self._clock.now(), most_attempts=most_attempts(update)
        )

    def _begin(self, update: Update) -> _Search:
        """Remember from when on it matters what is gone: nothing is held as yet."""
        if self._ledger.live_sources(BEGINNING):
            # It has expired; but should our clock be wrong, it will be live again.
            return _Search()
        jobs = self._app_state.jobs_of(update.id)
        queries = [job.query for job in jobs if not job.is_withdrawal]
        nothing = selection_question(queries[0].owners, queries[0].indicator_types, clause='id < 0')
        try:
            return _Search(until=self._source.count(nothing)[1])
        except (RetryableError, FatalError):
            # Then the first search has no beginning, and takes longer.
            return _Search()

    def _find(self, update: Update, stop: Stop) -> _Search:
        """Ask for what was deleted, set inactive, or changed in its value."""
        # A query that was taken out since may be of an owner that cannot be read any more.
        jobs = self._app_state.jobs_of(update.id)
        queries = [
            job.query
            for job in jobs
            if job.status is not JobStatus.CANCELLED and not job.is_withdrawal
        ]
        # Also of what no query covers any more: it can be deleted or set inactive all the same.
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
        # What cannot be read is looked for again from the same time on, once it can.
        # By both clocks, as with the cursor of a query.
        until = None if hidden else min([began_at, *known_ats, *(each.server_at for each in lists)])
        warnings = [each.warning for each in lists if each.warning is not None]
        for warning in warnings:
            _log.warning('deleted-list-cut-short', warning=warning)
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
