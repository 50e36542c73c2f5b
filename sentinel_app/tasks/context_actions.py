"""What people do about context objects: send again, and allow withdrawals that are held back."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.clock import Clock
from sentinel_app.errors import ConflictError
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.context_report import ContextReport
from sentinel_app.storage.context_store import ContextStore


class ContextActions:
    """Implements the API's port `ContextActions`.

    Args:
        app_state: takes the audit entries.
        store: the state of the context.
        report: knows what is held back.
        request: has everything that may have changed gone through.
        clock: the present.
    """

    def __init__(
        self,
        *,
        app_state: AppState,
        store: ContextStore,
        report: ContextReport,
        request: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._app_state = app_state
        self._store = store
        self._report = report
        self._request = request
        self._clock = clock
        # Two clicks at once are one request.
        self._requesting = threading.Lock()

    def send_refused(self, *, by: str | None) -> None:
        """Have everything sent again that Sentinel refuses, however often it has.

        Raises:
            ConflictError: it refuses nothing.
        """
        with self._requesting:
            count = self._report.refused(limit=0)[1]
            if not count:
                raise ConflictError('Sentinel refuses no context object now.')
            self._audit('context-send', count, by)
            self._store.send_refused()
            self._request()

    def withdraw(self, count: int, *, by: str | None) -> None:
        """Allow the withdrawals that are held back.

        Args:
            count: their number, as a person has confirmed it.
            by: who allows it.

        Raises:
            ConflictError: there are none, or another number of them.
        """
        with self._requesting:
            known = self._report.held_back()
            if not known:
                raise ConflictError('No withdrawal of context objects waits for a decision now.')
            if count != known:
                raise ConflictError(
                    f'{known:,} withdrawals are held back now, not {count:,}, so none was allowed. '
                    'Look at the number again.'
                )
            self._audit('context-withdraw', count, by)
            self._store.allow_withdrawal(count)
            self._request()

    def _audit(self, action: str, count: int, by: str | None) -> None:
        # The audit first: what nobody can be named for is not done.
        words = f'{count:,} context object{"" if count == 1 else "s"}'
        entry = AuditEntry(at=self._clock.now(), user=by, action=action, detail=words)
        self._app_state.add_audit(entry)
