"""Updates about what people choose: values to send or withdraw, and what Sentinel refused."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.clock import Clock
from sentinel_app.core.error_entry import ErrorFilter
from sentinel_app.core.job import Update
from sentinel_app.core.query import Query
from sentinel_app.core.scope import ChosenValue, Scope, scope_words, values_words
from sentinel_app.core.text import shortened
from sentinel_app.diagnostics.chosen_value import held_value, sendable_value
from sentinel_app.diagnostics.meaning import asked_values, enter_known
from sentinel_app.errors import ConflictError
from sentinel_app.log import EventLog
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.holdings import Holdings
from sentinel_app.tasks.update_queue import UpdateQueue

MOST_REFUSED: Final = 2_500
"""Refused Indicators that are sent again at once; those that were refused last."""

_DETAIL_CHARS: Final = 2_000

_log = EventLog(__name__)


class ChosenUpdates:
    """Implements the API's port `ChosenUpdates`.

    Args:
        app_state: has the saved queries and the updates that wait.
        queue: takes the updates.
        holdings: knows what was sent.
        errors: knows what was refused.
        clock: says what has expired.
    """

    def __init__(
        self,
        *,
        app_state: AppState,
        queue: UpdateQueue,
        holdings: Holdings,
        errors: ErrorLog,
        clock: Clock,
    ) -> None:
        self._app_state = app_state
        self._queue = queue
        self._holdings = holdings
        self._errors = errors
        self._clock = clock
        # Two clicks at once are one request.
        self._requesting = threading.Lock()

    def send(self, texts: Sequence[str], *, by: str | None) -> Update:
        """Queue an update that asks every enabled query for values, and sends what is chosen.

        Raises:
            ConflictError: no query is enabled, or all of it waits to be sent already.
        """
        places = self._app_state.query_list().enabled_places
        if not places:
            raise ConflictError(
                'No TQL query is enabled, so nothing can be sent. Enable or add one in CONFIGURE.'
            )
        values = self._values(texts, sendable_value)
        with self._requesting:
            self._refuse_repeated(Scope.SEND, values)
            return self._queue.request_chosen(
                [(position, query, len(values)) for position, query in places],
                scope=Scope.SEND,
                values=values,
                audit=self._audit('indicator-send', _detail('Send now', values), by),
            )

    def withdraw(self, texts: Sequence[str], *, reason: str, by: str | None) -> Update:
        """Queue an update that withdraws all live objects of values, whoever holds them.

        Raises:
            ConflictError: nothing of it is in Sentinel, all of it waits to be withdrawn already, or
                no query was ever saved.
        """
        values = self._values(texts, held_value)
        if not any(value.keys for value in values):
            noun = 'This value is' if len(values) == 1 else 'None of these values is'
            raise ConflictError(f'{noun} in Sentinel now, so there is nothing to withdraw.')
        with self._requesting:
            self._refuse_repeated(Scope.WITHDRAW, values)
            detail = _detail('Withdraw now', values) + (f'. Reason: {reason}' if reason else '')
            return self._queue.request_chosen(
                [(place, query, len(values)) for place, query in self._holders(values)],
                scope=Scope.WITHDRAW,
                values=values,
                audit=self._audit('indicator-withdraw', detail, by),
            )

    def retry_under_way(self) -> str | None:
        """Return the Request ID of a Job that sends what was refused again; None without one."""
        return next((each.request_ids[0] for each in self._open(Scope.REFUSED)), None)

    def retry_refused(self, wanted: ErrorFilter, *, by: str | None) -> Update:
        """Queue an update that asks for what Sentinel refused, and sends it once more.

        Args:
            wanted: of which errors, as far as they are open and about a refused object.
            by: who requests it.

        Raises:
            ConflictError: nothing is open, its queries are no longer enabled, or all of it waits to
                be sent already.
        """
        with self._requesting:
            refused = self._errors.refused(wanted, most=MOST_REFUSED)
            if not refused:
                raise ConflictError('Sentinel refuses none of these now, so none is sent again.')
            counts = Counter(query_id for query_id, _ in refused)
            jobs = [
                (position, query, counts[query.id])
                for position, query in self._app_state.query_list().enabled_places
                if query.id in counts
            ]
            if not jobs:
                raise ConflictError(
                    'The TQL queries of what was refused are deleted or disabled, so none of it is '
                    'sent again.'
                )
            enabled = {query.id for _, query, _ in jobs}
            ids = tuple(sorted({number for query_id, number in refused if query_id in enabled}))
            waiting = self._open(Scope.REFUSED)
            if any(set(ids) <= set(update.indicator_ids) for update in waiting):
                raise ConflictError('These wait to be sent again already; JOBS shows the update.')
            detail = scope_words(Scope.REFUSED, len(ids))
            return self._queue.request_chosen(
                jobs,
                scope=Scope.REFUSED,
                indicator_ids=ids,
                audit=self._audit('error-retry', detail, by),
            )

    def _values(
        self, texts: Sequence[str], made: Callable[..., ChosenValue]
    ) -> tuple[ChosenValue, ...]:
        """Return what texts stand for, each value once."""
        now = self._clock.now()
        asked = asked_values(texts)
        enter_known([each for one in asked for each in one.meanings], self._holdings, now)
        values = [made(each.chosen(now), self._holdings, now) for each in asked]
        return tuple({value.keys or value.text: value for value in values}.values())

    def _holders(self, values: Iterable[ChosenValue]) -> list[tuple[int, Query]]:
        """Return the queries whose Jobs withdraw values: those that hold them, one at least.

        One that is no longer saved is known by the last Job that it had.
        """
        keys = [key for value in values for key in value.object_keys]
        held = {each.query_id for each in self._holdings.of_keys(keys).values()}
        saved = list(enumerate(self._app_state.query_list().queries))
        found = [(position, query) for position, query in saved if query.id in held]
        if found or saved:
            return found or saved[:1]
        jobs, _ = self._app_state.jobs(sort='date_queued', limit=sys.maxsize)
        last = next((job for job in jobs if job.query.id in held), None)
        if last is None:
            raise ConflictError(
                'No TQL query is saved whose Job could withdraw it. Save one in CONFIGURE; it may '
                'be disabled.'
            )
        return [(last.position, last.query)]

    def _open(self, scope: Scope) -> list[Update]:
        return [
            each
            for each in self._app_state.open_updates()
            if each.scope is scope
            and any(not job.status.is_final for job in self._app_state.jobs_of(each.id))
        ]

    def _refuse_repeated(self, scope: Scope, values: Sequence[ChosenValue]) -> None:
        wanted = {value.keys or value.text for value in values}
        for update in self._open(scope):
            if wanted <= {value.keys or value.text for value in update.values}:
                verb = 'sent' if scope is Scope.SEND else 'withdrawn'
                noun = 'This value waits' if len(wanted) == 1 else 'These values wait'
                raise ConflictError(
                    f'{noun} to be {verb} already, by {update.request_ids[0]}; JOBS shows how far '
                    'it is.'
                )

    def _audit(self, action: str, detail: str, by: str | None) -> AuditEntry:
        return AuditEntry(at=self._clock.now(), user=by, action=action, detail=detail)


def _detail(what: str, values: Sequence[ChosenValue]) -> str:
    return shortened(f'{what}: {values_words(values, len(values))}', _DETAIL_CHARS)
