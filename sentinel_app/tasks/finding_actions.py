"""What people do with the findings of Verify: send again, and withdraw what is unknown."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.clock import Clock
from sentinel_app.core.finding import Finding, FindingFilter, VerificationRun
from sentinel_app.core.job import Update
from sentinel_app.core.query import Query
from sentinel_app.core.scope import Scope, scope_words
from sentinel_app.core.verification import RESENDABLE, RESENDABLE_ONE_BY_ONE, Mark
from sentinel_app.errors import ConflictError
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.context_store import ContextStore
from sentinel_app.storage.findings import Findings
from sentinel_app.storage.verifications import Verifications
from sentinel_app.tasks.update_queue import UpdateQueue

MOST_SENT_AGAIN: Final = 10_000
"""Indicators, or context objects, that are sent again at once."""

_GONE: Final = Mark.REVOKED | Mark.DELETED


class FindingActions:
    """Implements the API's port `FindingActions`.

    Args:
        app_state: has the saved queries and the updates that wait.
        queue: takes the updates.
        verifications: knows which run counts.
        findings: its findings.
        context: has context objects sent again.
        sends_context: whether any are sent.
        request_context: has the Task Context begin.
        request_whole: has the next run of Verify compare each object.
        clock: the present.
    """

    def __init__(
        self,
        *,
        app_state: AppState,
        queue: UpdateQueue,
        verifications: Verifications,
        findings: Findings,
        context: ContextStore,
        sends_context: bool,
        request_context: Callable[[], None],
        request_whole: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._app_state = app_state
        self._queue = queue
        self._verifications = verifications
        self._findings = findings
        self._context = context
        self._sends_context = sends_context
        self._request_context = request_context
        self._request_whole = request_whole
        self._clock = clock
        # Two clicks at once are one request.
        self._requesting = threading.Lock()

    def request_whole(self) -> None:
        """Have the next run of Verify compare each object."""
        self._request_whole()

    def send_again(self, wanted: FindingFilter, *, by: str | None) -> Update:
        """Queue an update that sends again what is missing, older or expired early.

        Args:
            wanted: of which findings, at most `MOST_SENT_AGAIN` Indicators.
            by: who requests it.

        Raises:
            ConflictError: there is nothing of that to send, or its queries are not enabled.
        """
        with self._requesting:
            run, open_ids = self._run(), self._open_ids()
            found: list[Finding] = []
            ids: set[int] = set()
            for each in self._findings.all(run.id, wanted):
                indicator = None if each.is_context else each.indicator
                if each.kind not in RESENDABLE or indicator is None or each.update_id in open_ids:
                    continue
                if len(ids) == MOST_SENT_AGAIN and indicator.indicator_id not in ids:
                    break
                ids.add(indicator.indicator_id)
                found.append(each)
            return self._send(found, by)

    def send_one_again(self, finding_id: int, *, by: str | None) -> Update:
        """Queue an update that sends the object of one finding again.

        Raises:
            ConflictError: the finding is gone, is of a kind that is not sent again, is being sent
                already, or its query is not enabled.
        """
        with self._requesting:
            finding = self._one(finding_id)
            if finding.is_context or finding.indicator is None:
                raise ConflictError('Sending again would not help with this finding.')
            if finding.update_id in self._open_ids():
                raise ConflictError('It waits to be sent again already; JOBS shows the update.')
            return self._send([finding], by)

    def send_context_again(self, wanted: FindingFilter, *, by: str | None) -> int:
        """Have the Task Context send again what is missing or older; return how much that is.

        Args:
            wanted: of which findings, at most `MOST_SENT_AGAIN` context objects.
            by: who requests it.

        Raises:
            ConflictError: there is nothing of that to send, or no context objects are sent.
        """
        with self._requesting:
            sendable = (
                each
                for each in self._findings.all(self._run().id, wanted)
                if each.kind in RESENDABLE and each.is_sendable
            )
            return self._send_context(list(islice(sendable, MOST_SENT_AGAIN)), by)

    def send_one_context_again(self, finding_id: int, *, by: str | None) -> int:
        """Have the Task Context send the context object of one finding again; return 1.

        Raises:
            ConflictError: the finding is gone, is of a kind that is not sent again, is being sent
                already, or no context objects are sent.
        """
        with self._requesting:
            finding = self._one(finding_id)
            if finding.is_being_sent:
                raise ConflictError('It waits to be sent again already.')
            if not finding.is_sendable:
                raise ConflictError(
                    'Sending again would not help with this finding, or nothing that is active '
                    'needs its object any more.'
                )
            return self._send_context([finding], by)

    def withdraw_unknown(self, count: int, *, by: str | None) -> Update:
        """Queue an update that withdraws all unknown objects of the last run.

        Args:
            count: their number, as a person has confirmed it.
            by: who requests it.

        Raises:
            ConflictError: there are none, another number of them, or no query was ever saved.
        """
        with self._requesting:
            run, open_ids = self._run(), self._open_ids()
            known = self._findings.count_unknown(run.id, open_ids)
            if not known:
                raise ConflictError('Verify found no unknown object that is still to be withdrawn.')
            if count != known:
                raise ConflictError(
                    f'There are {known:,} unknown objects now, not {count:,}, so none was '
                    'withdrawn. Look at the list again.'
                )
            saved = list(enumerate(self._app_state.query_list().queries))
            if not saved:
                raise ConflictError(
                    'No TQL query is saved whose Job could withdraw them. Save one in CONFIGURE; '
                    'it may be disabled.'
                )
            position, query = saved[0]
            return self._queue.request_chosen(
                [(position, query, known)],
                scope=Scope.UNKNOWN,
                count_objects=known,
                on_queued=lambda update_id: self._findings.mark_unknown(
                    run.id, update_id, open_ids
                ),
                audit=self._audit('finding-withdraw', scope_words(Scope.UNKNOWN, known), by),
            )

    def _one(self, finding_id: int) -> Finding:
        """Return a finding whose object may be sent again by itself."""
        found = self._findings.of(self._run().id, [finding_id])
        if not found:
            raise ConflictError('This finding is gone; a later run of Verify replaced it.')
        (finding,) = found
        if finding.kind not in RESENDABLE_ONE_BY_ONE or finding.held is None:
            raise ConflictError('Sending again would not help with this finding.')
        return finding

    def _send_context(self, found: Sequence[Finding], by: str | None) -> int:
        if not self._sends_context:
            raise ConflictError('The input Context Objects is None, so none is sent again.')
        objects = [each.context for each in found if each.context is not None]
        if not objects:
            raise ConflictError('Nothing of this is to be sent again now.')
        self._context.send_again(
            objects,
            gone=[
                each.context
                for each in found
                if each.context is not None and each.seen is not None and each.seen.marks & _GONE
            ],
        )
        words = f'{len(objects):,} context object{"" if len(objects) == 1 else "s"}'
        self._app_state.add_audit(self._audit('finding-send', words, by))
        self._request_context()
        return len(objects)

    def _send(self, found: Sequence[Finding], by: str | None) -> Update:
        ids_of: dict[str, set[int]] = {}
        for each in found:
            if each.indicator is not None:
                ids_of.setdefault(each.indicator.query_id, set()).add(each.indicator.indicator_id)
        jobs: list[tuple[int, Query, int]] = [
            (position, query, len(ids_of[query.id]))
            for position, query in self._app_state.query_list().enabled_places
            if query.id in ids_of
        ]
        if not found:
            raise ConflictError('Nothing of this is to be sent again now.')
        if not jobs:
            raise ConflictError(
                'The TQL queries of these Indicators are deleted or disabled, so none is sent '
                'again.'
            )
        enabled = {query.id for _, query, _ in jobs}
        ids = sorted({number for query_id in enabled for number in ids_of[query_id]})
        sent = [
            each.id
            for each in found
            if each.indicator is not None and each.indicator.query_id in enabled
        ]
        return self._queue.request_chosen(
            jobs,
            scope=Scope.VERIFY,
            indicator_ids=ids,
            on_queued=lambda update_id: self._findings.mark(sent, update_id),
            audit=self._audit('finding-send', scope_words(Scope.VERIFY, len(ids)), by),
        )

    def _run(self) -> VerificationRun:
        run = self._verifications.last_complete()
        if run is None:
            raise ConflictError('Verify has not completed a run, so it has found nothing.')
        return run

    def _open_ids(self) -> frozenset[str]:
        return frozenset(update.id for update in self._app_state.open_updates())

    def _audit(self, action: str, detail: str, by: str | None) -> AuditEntry:
        return AuditEntry(at=self._clock.now(), user=by, action=action, detail=detail)
