"""Client of the Log Analytics query API; one attempt for each query."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from http.cookiejar import DefaultCookiePolicy
from typing import Final
from urllib.parse import quote

import requests

from sentinel_app.core.clock import Clock
from sentinel_app.core.logs import LogRows
from sentinel_app.core.trouble import System
from sentinel_app.errors import REMEDY, LogsServerError
from sentinel_app.network.contact import Contact
from sentinel_app.network.exchange import FaultKind, HttpClient, NetworkFault, SizeLimit, Timeouts
from sentinel_app.redactor import Redactor
from sentinel_app.sentinel.bearer import Bearer, Tokens
from sentinel_app.sentinel.log_answer import beyond_size, read_rows

QUERY_TIMEOUTS: Final = Timeouts(connect_s=10.0, read_s=150.0, total_s=240.0)
"""Time limits of a query. Reading a part of the table takes some 20 seconds."""

WAIT_MARGIN_S: Final = 30.0
"""Seconds by which Log Analytics ends a query before the App stops waiting for it, so that a slow
query is answered with 504 instead of running on unheard."""

QUICK_QUERY_TIMEOUTS: Final = Timeouts(connect_s=5.0, read_s=20.0, total_s=25.0)
"""For a query that a person waits for."""

QUICK_WAIT_MARGIN_S: Final = 5.0

QUERY_LIMIT: Final = SizeLimit(body_bytes=8 << 20, values=300_000)
"""Size limits of an answer. 30,000 rows of 5 values, or 8,200 of 8, take less than 8 MB and 200,000
values; a larger answer counts as one that Log Analytics cut short."""

CONNECTIONS: Final = 4


class LogAnalytics:
    """Implements `Logs`; thread-safe.

    Args:
        logs_url: the origin of the query API, for example `https://api.loganalytics.azure.com`.
        workspace_id: GUID of the Log Analytics workspace.
        tokens: the source of access tokens for the query API, which has a scope of its own.
        session: a session with proxies and the user agent; trust is by REQUESTS_CA_BUNDLE. Its
            adapter for HTTPS is replaced by one without retries.
        clock: the clock.
        redactor: masks secrets in responses.
        timeouts: the time limits of each query.
        margin_s: seconds by which Log Analytics must end a query before the read time-out.
        contact: records the result of each query, the token included; its own if left out.
    """

    def __init__(
        self,
        *,
        logs_url: str,
        workspace_id: str,
        tokens: Tokens,
        session: requests.Session,
        clock: Clock,
        redactor: Redactor,
        timeouts: Timeouts = QUERY_TIMEOUTS,
        margin_s: float = WAIT_MARGIN_S,
        contact: Contact | None = None,
    ) -> None:
        # The threads share the session, and its cookie jar is the only part that they would change.
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._url = f'{logs_url.rstrip("/")}/v1/workspaces/{quote(workspace_id, safe="")}/query'
        self._headers = {
            'Content-Type': 'application/json',
            'Accept': 'application/json',
            # Without it, an answer may be two minutes old.
            'Cache-Control': 'no-cache',
            'Prefer': f'wait={timeouts.read_s - margin_s:.0f}',
        }
        self._tokens = tokens
        self._http = HttpClient(
            session, clock=clock, timeouts=timeouts, redactor=redactor, connections=CONNECTIONS
        )
        self._clock = clock
        self._contact = contact or Contact(System.LOG_ANALYTICS, clock)
        self._sent = threading.local()

    def query(self, kql: str, columns: Sequence[str]) -> LogRows:
        """Run a query and return its rows, with the columns in the requested order.

        Args:
            kql: the query; it sorts, limits and names what it returns.
            columns: the columns that the answer must have.

        Raises:
            LogsThrottledError, LogsServerError, LogsUnauthorizedError, TokenError: retry.
            LogsTooLargeError: ask for less at once.
            LogsTableError: the table or a column does not exist, or its plan allows no queries.
            LogsDeniedError, LogsRefusedError, TokenRefusedError: a person must act.

        Source: learn.microsoft.com/azure/azure-monitor/logs/api/request-format, prefer-options.
        """
        with self._contact.call():
            token = self._tokens.token()
            self._sent.token = token
            return self._exchange(kql, columns, token)

    def _exchange(self, kql: str, columns: Sequence[str], token: str) -> LogRows:
        try:
            answer = self._http.exchange(
                'POST',
                self._url,
                limit=QUERY_LIMIT,
                data=json.dumps({'query': kql}).encode(),
                headers=self._headers,
                auth=Bearer(token),
            )
        except NetworkFault as fault:
            if fault.kind is FaultKind.SIZE:
                raise beyond_size() from None
            raise LogsServerError(
                f'Log Analytics did not answer. {fault.words}', context={REMEDY: fault.remedy}
            ) from None
        return read_rows(answer, columns, now=self._clock.now())

    def forget_token(self) -> None:
        """Discard the token, so that the next query gets a new one.

        If several threads were refused the same token, only the first of them discards it.
        """
        self._tokens.forget(getattr(self._sent, 'token', None))
