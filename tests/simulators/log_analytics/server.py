"""The Log Analytics stand-in itself: queries, control address and what a test asks of it."""

from __future__ import annotations

import dataclasses
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.simulators.certificates import Certificates
from tests.simulators.entra import TENANT_ID, Cloud, TokenIssuer
from tests.simulators.faults import ControlPanel, Fault, FaultBook
from tests.simulators.https import Reply, Request, Server
from tests.simulators.log_analytics import reply as replies
from tests.simulators.log_analytics.answer import Answer
from tests.simulators.log_analytics.cache import AnswerCache
from tests.simulators.log_analytics.concurrency import QueueFullError, Slots
from tests.simulators.log_analytics.control import control_views
from tests.simulators.log_analytics.fault import (
    ANSWER_FAULTS,
    FAULTS,
    TRANSIENT_FAULTS,
    answer,
    forced_rows,
    spoil,
)
from tests.simulators.log_analytics.gateway import Bearer, Gateway, Query, query_path
from tests.simulators.log_analytics.member import members
from tests.simulators.log_analytics.query_fault import QueryFault
from tests.simulators.log_analytics.reply import RefusedError
from tests.simulators.log_analytics.result import Result, write_result
from tests.simulators.log_analytics.settings import LogAnalyticsSettings, RetryAfter
from tests.simulators.log_analytics.spelling import is_sorted
from tests.simulators.log_analytics.time_range import TimeRange
from tests.simulators.log_analytics.workspace import Workspace
from tests.simulators.sentinel import RollingLimit, SentinelSimulator

QUEUE_WAIT_S = 30
"""What a 429 of the queue tells to wait; the service's own figure is not public."""


@dataclass(slots=True, kw_only=True)
class LogAnalyticsRequest:
    """One request seen; never its token."""

    number: int
    at: float
    identity: str
    status: int = 0
    """0 when no answer was sent."""
    fault: str | None = None
    query: str = ''
    timespan: str = ''
    prefer: str = ''
    is_fresh: bool = False
    """Whether it asked for an answer that is not from the cache."""
    is_cached: bool = False
    is_partial: bool = False
    row_count: int = 0
    size_bytes: int = 0
    problem: str = ''
    """Why the query had no answer."""


class LogAnalyticsSimulator:
    """The query API over the workspace of a Sentinel stand-in; a context manager like that."""

    def __init__(
        self,
        certificates: Certificates,
        issuer: TokenIssuer,
        sentinel: SentinelSimulator,
        *,
        port: int = 0,
        tenant_id: str = TENANT_ID,
        cloud: Cloud = Cloud.COMMERCIAL,
        limit_count: int = 200,
        limit_window_s: float = 30.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.workspace_id = sentinel.workspace_id
        self.settings = LogAnalyticsSettings()
        self.faults = FaultBook(FAULTS, TRANSIENT_FAULTS)
        self.limit = RollingLimit(count=limit_count, window_s=limit_window_s, clock=clock)
        self.slots = Slots(self.settings)
        self._workspace = Workspace(sentinel, self.settings, clock)
        self._cache = AnswerCache(clock)
        self._gateway = Gateway(
            issuer,
            self.settings,
            workspace_id=sentinel.workspace_id,
            tenant_id=tenant_id,
            cloud=cloud,
            clock=clock,
        )
        self._certificates = certificates
        self._port = port
        self._clock = clock
        self._server: Server | None = None
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._number = 0
        self._status_counts: Counter[int] = Counter()
        self._requests: deque[LogAnalyticsRequest] = deque(maxlen=20_000)
        self._control = ControlPanel(self.faults, self.settings, control_views(self))

    @property
    def url(self) -> str:
        """Origin, once started; kept over a stop and a start."""
        if not self._port:
            raise RuntimeError('not started yet')
        return f'https://localhost:{self._port}'

    @property
    def query_url(self) -> str:
        return f'{self.url}{query_path(self.workspace_id)}'

    @property
    def requests(self) -> tuple[LogAnalyticsRequest, ...]:
        """The last 20,000 requests, oldest first."""
        with self._lock:
            return tuple(self._requests)

    @property
    def status_counts(self) -> Counter[int]:
        """How many requests ended with each status; 0 where no answer was sent."""
        with self._lock:
            return Counter(self._status_counts)

    @property
    def alerts(self) -> tuple[dict[str, Any], ...]:
        """Rows of `SecurityAlert`, oldest first."""
        return self._workspace.alerts

    def add_alerts(self, *rows: Mapping[str, Any]) -> None:
        """Append rows to `SecurityAlert`; `TimeGenerated` is now where they do not say.

        Raises:
            ValueError: a column that the table does not have, or a value of another type.
        """
        self._workspace.add_alerts(rows)

    def add_indicators(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append rows to `ThreatIntelIndicators` that the Sentinel stand-in knows nothing of.

        Raises:
            ValueError: a column that the table does not have, or a value of another type.
        """
        self._workspace.add_indicators(rows)

    def query(self, text: str) -> Answer:
        """Evaluate KQL without token, limits and cache; raises as `Engine.run` does."""
        return self._workspace.run(text, TimeRange())

    def row_count(self, table: str) -> int:
        """Return how many rows of a table a query sees now."""
        return self._workspace.row_count(table)

    def grant_access(self, after_s: float = 0.0) -> None:
        """Let the role act only after so many seconds from now."""
        self._gateway.granted_at = self._clock() + after_s

    def forget(self) -> None:
        """Delete alerts, cached answers and what was recorded; settings and faults stay."""
        self._workspace.clear_alerts()
        self._cache.clear()
        self.limit.clear()
        with self._lock:
            self._requests.clear()
            self._status_counts.clear()

    def save(self, path: Path) -> None:
        """Write the alerts as JSON lines."""
        self._workspace.save(path)

    def load(self, path: Path) -> None:
        """Take up the alerts that `save` wrote, if they are there."""
        self._workspace.load(path)

    def alter(self, change: Callable[[Request, Reply], Reply]) -> None:
        """Have each answer changed before it goes out, from now until it stops."""
        assert self._server is not None
        self._server.alter = change

    def start(self) -> Self:
        self._stopping.clear()
        self.slots.start()
        self._server = Server(self._handle, self._certificates, self._port)
        self._server.start()
        self._port = self._server.port
        return self

    def stop(self) -> None:
        self._stopping.set()
        self.slots.stop()
        if self._server:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def _handle(self, request: Request) -> Reply:
        if ControlPanel.covers(request):
            return self._control.reply(request)
        bearer = self._gateway.read_bearer(request)
        wait_s = self.limit.admit(bearer.identity)
        with self._lock:
            self._number += 1
            seen = LogAnalyticsRequest(
                number=self._number,
                at=self._clock(),
                identity=bearer.identity,
                prefer=request.headers.get('prefer', ''),
            )
            self._requests.append(seen)
        if wait_s:
            reply = self._throttled('The limit of requests is exceeded.', wait_s)
        else:
            reply = self._answer(request, bearer, seen)
        seen.status = 0 if reply.drop or reply.cut_after is not None else reply.status
        with self._lock:
            self._status_counts[seen.status] += 1
        return dataclasses.replace(reply, wait_s=reply.wait_s + self.settings.latency_s)

    def _answer(self, request: Request, bearer: Bearer, seen: LogAnalyticsRequest) -> Reply:
        fault = self.faults.take(FAULTS)
        if fault:
            seen.fault = fault.name
            if fault.name in ANSWER_FAULTS:
                return answer(fault)
        try:
            query = self._gateway.read_query(request, bearer)
            if query is None:
                return Reply()
            seen.query, seen.timespan, seen.is_fresh = query.text, query.timespan, query.is_fresh
            return spoil(fault, self._run(query, bearer.identity, fault, seen))
        except RefusedError as refused:
            return refused.reply

    def _run(
        self, query: Query, identity: str, fault: Fault | None, seen: LogAnalyticsRequest
    ) -> Reply:
        if self._workspace.is_empty and self.settings.empty_workspace_status == 204:
            return Reply(204)
        key = (query.text, query.timespan, query.preference.includes)
        kept = None if query.is_fresh else self._cache.get(key, self.settings.cache_s)
        if kept:
            body, age_s = kept
            seen.is_cached = True
            return _success(body, {'Age': str(age_s)})
        try:
            with self.slots.enter(identity):
                result = self._evaluate(query, fault, seen)
        except QueueFullError as error:
            return self._throttled(f'The query cannot run: {error}.', QUEUE_WAIT_S)
        if not result.is_partial:
            self._cache.put(key, result.body)
        return _success(result.body)

    def _evaluate(self, query: Query, fault: Fault | None, seen: LogAnalyticsRequest) -> Result:
        wait_s = query.preference.wait_s
        started = time.monotonic()
        self._stopping.wait(min(self.settings.query_duration_s, wait_s))
        if self.settings.query_duration_s > wait_s:
            raise RefusedError(replies.timed_out(wait_s))
        try:
            found = self._workspace.run(query.text, query.time_range)
        except QueryFault as error:
            seen.problem = str(error)
            raise RefusedError(replies.bad_query(error)) from error
        if self.settings.is_shuffled and not is_sorted(query.text):
            random.Random(seen.number).shuffle(found.rows)
        elapsed_s = time.monotonic() - started
        if elapsed_s > wait_s:
            raise RefusedError(replies.timed_out(wait_s))
        result = write_result(
            found,
            self.settings,
            members(query, found, self._workspace, elapsed_s=elapsed_s),
            forced_rows=forced_rows(fault),
        )
        seen.is_partial, seen.row_count = result.is_partial, result.row_count
        seen.size_bytes = result.size_bytes
        return result

    def _throttled(self, text: str, wait_s: int) -> Reply:
        is_told = self.settings.retry_after is RetryAfter.SECONDS
        return replies.throttled(text, wait_s if is_told else None)


def _success(body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
    kind = {'Content-Type': 'application/json; charset=utf-8'}
    return Reply(200, body, {**kind, **(headers or {})})
