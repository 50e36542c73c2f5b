"""Withdrawal: finds what is gone from ThreatConnect and tells Sentinel that it is no longer valid.

An update looks for what is gone before it reads its queries (`search`), so that they can say which
of them still returns the value; what none of them has chosen when all are read is withdrawn
(`close`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import Job, Mode, Update
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.ports import ProgressStore, ReleaseStore
from sentinel_app.core.query import WithdrawPolicy
from sentinel_app.core.question import inactive_question, selection_question
from sentinel_app.core.row import Parse, row_id
from sentinel_app.core.source import Source
from sentinel_app.core.time_range import BEGINNING, TimeRange
from sentinel_app.core.timestamp import from_text, to_millis
from sentinel_app.core.tql import values_clause
from sentinel_app.core.value import spellings
from sentinel_app.core.window import believed, next_window
from sentinel_app.core.work import ChosenObject, LedgerEntry, ObjectState, Progress, Reading
from sentinel_app.errors import FatalError, RetryableError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.deleted_list import DeletedList
from sentinel_app.pipeline.identity import CHANGEABLE, Identities
from sentinel_app.pipeline.probe import Probe
from sentinel_app.pipeline.retrier import Retrier
from sentinel_app.pipeline.row_reader import RowReader
from sentinel_app.pipeline.wakeup import Wakeup
from sentinel_app.storage.app_state.store import AppState

MOST_ATTEMPTS = 3
"""How often a withdrawal that Sentinel refuses is tried again, save by a full update."""

_ANY_ATTEMPTS = 2**31

ALWAYS_ALLOWED = 100
"""So many objects may be withdrawn at once whatever share of the ledger they are."""

VALUES_IN_CLAUSE = 25
"""Keeps the query short of the length at which it has to travel in a body."""

_PORTION = 500
_MILLISECOND = dt.timedelta(milliseconds=1)

_log = EventLog(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """What came of looking for what is gone."""

    until: dt.datetime | None = None
    """Up to when it is known; None where that does not move."""
    is_failed: bool = False
    warning: str | None = None


class Withdrawal:
    """Finds what is gone at the start of an update, and withdraws what is left over at its end.

    Args:
        parse: makes an Indicator of a raw row; raises `SkippableError` for one that cannot be sent.
        policy: which Indicators are withdrawn.
        limit_percent: of the live objects; an update that would withdraw more withdraws nothing
            until somebody has confirmed it.
    """

    def __init__(
        self,
        *,
        source: Source,
        probe: Probe,
        documents: AppState,
        progress: ProgressStore,
        releases: ReleaseStore,
        parse: Parse,
        clock: Clock,
        wakeup: Wakeup,
        policy: WithdrawPolicy,
        limit_percent: int,
    ) -> None:
        self._source = source
        self._reader = RowReader(source=source, probe=probe, clock=clock)
        self._identities = Identities(reader=self._reader, releases=releases, parse=parse)
        self._deleted = DeletedList(source, clock)
        self._documents = documents
        self._progress = progress
        self._releases = releases
        self._clock = clock
        self._wakeup = wakeup
        self._policy = policy
        self._limit_percent = limit_percent

    def search(self, update: Update, stop: Stop) -> bool:
        """Look for what is gone, unless the update has done so.

        Returns:
            False when there was nothing to do.
        """
        if self._releases.is_searched(update.id):
            return False
        is_idle = self._policy is WithdrawPolicy.NEVER or not self._covers_all(update)
        _, live = self._unclaimed(update, only_released=True)
        found = _Search()
        if not is_idle:
            found = self._look(update, stop) if live else self._begin(update)
        count = len(self._released_keys(update))
        self._releases.end_search(
            update.id,
            until=found.until,
            is_held_back=is_idle or found.is_failed or self._is_too_much(update, count, live),
            is_failed=found.is_failed,
            warning=found.warning,
        )
        is_over = (is_idle or not live) and not self._unconfirmed(update)
        if is_over:
            self._releases.close(update.id, held_back=0)
        return True

    def clauses(self, update: Update) -> tuple[str, ...]:
        """Return what each query has to be asked beyond its window: who else has what is gone."""
        if update.mode is not Mode.DELTA or self._releases.is_held_back(update.id):
            return ()
        hashes: list[str] = []
        summaries: list[str] = []
        for text, summary in self._released_keys(update):
            key = ObjectKey.from_text(text)
            if key.type is IndicatorType.FILE:
                hashes.append(key.value)
            else:
                # Another owner may hold the value in another spelling.
                summaries += dict.fromkeys((summary, *spellings(key)))
        return (
            *(values_clause((), part) for part in _portions(hashes, VALUES_IN_CLAUSE)),
            *(
                values_clause(part, ())
                for part in _portions(list(dict.fromkeys(summaries)), VALUES_IN_CLAUSE)
            ),
        )

    def close(self, update: Update, progress: Sequence[Progress]) -> bool:
        """Withdraw what no query has chosen, once all of them are read and converted.

        Returns:
            False when it is too early, or done already.
        """
        is_ready = all(item.is_converted for item in progress)
        if not is_ready or all(item.is_closed for item in progress):
            return False
        held_back = 0
        if not any(item.is_stopped for item in progress):
            self._confirm(update)
        # A reading that failed, be it of what is gone, proves nothing about what is not there.
        is_whole = all(
            item.reading is Reading.COMPLETE and not item.is_stopped for item in progress
        )
        if is_whole and not self._releases.has_failed(update.id) and self._covers_all(update):
            held_back = self._withdraw(update)
        self._releases.close(update.id, held_back=held_back)
        self._wakeup.notify()
        return True

    def _confirm(self, update: Update) -> None:
        """Repeat the withdrawals that had no answer; they were decided upon by another update."""
        entries = self._unconfirmed(update)
        if not entries:
            return
        now = self._clock.now()
        jobs = {job.query.id: job for job in self._documents.jobs_of(update.id)}
        first = next(iter(jobs.values()))
        self._releases.add_revocations(
            [_revocation(entry, jobs.get(entry.query_id, first), now) for entry in entries]
        )

    def _unconfirmed(self, update: Update) -> tuple[LedgerEntry, ...]:
        return self._releases.unconfirmed(most_attempts=_attempts(update))

    def _withdraw(self, update: Update) -> int:
        """Make the objects to withdraw; give how many are held back instead."""
        now = self._clock.now()
        only_released = (
            update.mode is Mode.DELTA
            or self._policy is not WithdrawPolicy.DELETED_OR_NO_LONGER_MATCHING
        )
        count, live = self._unclaimed(update, only_released=only_released)
        is_unsearched = only_released and self._releases.is_held_back(update.id)
        if count and (is_unsearched or self._is_too_much(update, count, live)):
            _log.warning('withdrawal-held-back', update_id=update.id, objects=count, live=live)
            return count
        jobs = {job.query.id: job for job in self._documents.jobs_of(update.id)}
        first = next(iter(jobs.values()))
        while True:
            entries = self._releases.next_unclaimed(
                update.id,
                only_released=only_released,
                now=now,
                most_attempts=_attempts(update),
                limit=_PORTION,
            )
            if not self._releases.add_revocations(
                [_revocation(entry, jobs.get(entry.query_id, first), now) for entry in entries]
            ):
                break
        if count:
            _log.info('withdrawal', update_id=update.id, objects=count)
        return 0

    def _unclaimed(self, update: Update, *, only_released: bool) -> tuple[int, int]:
        return self._releases.unclaimed(
            update.id,
            only_released=only_released,
            now=self._clock.now(),
            most_attempts=_attempts(update),
        )

    def _released_keys(self, update: Update) -> tuple[tuple[str, str], ...]:
        return self._releases.released_keys(
            update.id, now=self._clock.now(), most_attempts=_attempts(update)
        )

    def _is_too_much(self, update: Update, count: int, live: int) -> bool:
        if update.confirmed_withdrawals is not None and count <= update.confirmed_withdrawals:
            return False
        return count > ALWAYS_ALLOWED and count * 100 > live * self._limit_percent

    def _covers_all(self, update: Update) -> bool:
        covered = {job.query.id for job in self._documents.jobs_of(update.id)}
        queries = self._documents.query_list().queries
        return all(query.id in covered for query in queries)

    def _begin(self, update: Update) -> _Search:
        """Remember from when on it matters what is gone: nothing is held as yet."""
        if self._releases.live_sources(now=BEGINNING):
            # It has expired; but should our clock be wrong, it will be live again.
            return _Search()
        queries = [job.query for job in self._documents.jobs_of(update.id)]
        nothing = selection_question(queries[0].owners, queries[0].indicator_types, clause='id < 0')
        try:
            return _Search(until=self._source.count(nothing)[1])
        except (RetryableError, FatalError):
            # Then the first search has no beginning, and takes longer.
            return _Search()

    def _look(self, update: Update, stop: Stop) -> _Search:
        """Ask for what was deleted, set inactive, or changed in its value."""
        queries = [job.query for job in self._documents.jobs_of(update.id)]
        # Also of what no query covers any more: it can be deleted or set inactive all the same.
        held = self._releases.live_sources(now=self._clock.now())
        covered = {owner for query in queries for owner in query.owners}
        others = {owner for owner, _ in held} - covered
        types = sorted(
            {str(kind) for query in queries for kind in query.indicator_types}
            | {kind for _, kind in held}
        )
        began_at = self._clock.now()
        since = believed(self._releases.searched_until(), began_at)
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
            known_ats = [self._look_inactive(update, owners, types, time_range, stop)]
            changeable = sorted({owner for owner, kind in held if kind in CHANGEABLE} - hidden)
            if changeable:
                known_ats.append(
                    self._identities.look_changed(update, changeable, time_range, stop)
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
        return {owner.name for owner in Retrier(self._clock, stop).call(self._source.owners)}

    def _look_inactive(
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
            take=lambda rows: self._releases.release_ids([row_id(row) for row in rows]),
            stop=stop,
        )


def _attempts(update: Update) -> int:
    return _ANY_ATTEMPTS if update.mode is Mode.FULL else MOST_ATTEMPTS


def _revocation(entry: LedgerEntry, job: Job, now: dt.datetime) -> ChosenObject:
    """Return the object once more, as it was sent, but revoked and no longer valid."""
    stix = json.loads(entry.body)
    modified_at = max(now, from_text(entry.modified) + _MILLISECOND)
    valid_from_at = min(from_text(stix['valid_from']), now - _MILLISECOND)
    content = {name: value for name, value in stix.items() if name not in TIMES}
    stix = content | {
        'revoked': True,
        'modified': to_millis(modified_at),
        'valid_from': to_millis(valid_from_at),
        'valid_until': to_millis(now),
    }
    return ChosenObject(
        object_key=entry.object_key,
        object_id=entry.object_id,
        generation=entry.generation,
        version=0,
        request_id=job.request_id,
        position=job.position,
        query_id=entry.query_id,
        indicator_id=entry.indicator_id,
        indicator_type=entry.indicator_type,
        summary=entry.summary,
        owner_name=entry.owner_name,
        web_link=None,
        source_modified_at=now,
        created=entry.created,
        modified=str(stix['modified']),
        valid_until=str(stix['valid_until']),
        content_hash=entry.content_hash,
        state=ObjectState.WAITING,
        sort_value=None,
        body=object_text(stix).decode(),
        is_revocation=True,
    )


def _portions(items: Sequence[str], size: int) -> list[Sequence[str]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
