"""The HTTPS side of the ThreatConnect stand-in: which request gets which answer."""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from email.utils import format_datetime
from functools import partial
from typing import Any, Self

from tests.simulators.certificates import Certificates
from tests.simulators.https import Reply, Request, Server, json_reply
from tests.simulators.threatconnect import control, endpoint, lie, page
from tests.simulators.threatconnect.auth import DEFAULT_USER, ApiError, Gate, User, error_reply
from tests.simulators.threatconnect.endpoint import Exchange
from tests.simulators.threatconnect.fault import Fault, FaultBoard
from tests.simulators.threatconnect.notification import Notification
from tests.simulators.threatconnect.store import Store

KEPT_REQUESTS = 20_000
_HTML = b'<html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>'
_MESSAGES = {
    500: 'An unknown error occurred',
    502: 'Bad Gateway',
    503: 'The API is not available',
    504: 'Gateway Timeout',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request that was answered."""

    at: str
    method: str
    target: str
    path: str
    query: Mapping[str, list[str]]
    """Parameters, those of a GET body included."""
    status: int
    """0 where the connection was reset without an answer."""
    user: str | None
    rows: int | None
    faults: tuple[str, ...]
    elapsed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PageEvent:
    """A page of Indicators, or of Groups, that is about to be sent."""

    number: int
    """From 1, over the whole life of the stand-in."""
    ids: list[int]
    has_more: bool
    tql: str | None


class ThreatConnectSimulator:
    """A ThreatConnect platform with Indicators; start it or use it as a context manager.

    Args:
        certificates: of the private CA; the server answers as `localhost`.
        rows: the Indicators (see `Store`), or a store.
        port: 0 for any free one.
        users: the API users there are.
    """

    def __init__(
        self,
        certificates: Certificates,
        rows: Iterable[Mapping[str, Any]] | Store = (),
        *,
        port: int = 0,
        users: Iterable[User] = (DEFAULT_USER,),
    ) -> None:
        self.store: Store = rows if isinstance(rows, Store) else Store(rows)
        self.gate = Gate(users)
        self.faults = FaultBoard()
        self.variables: dict[str, str] = {}
        """`TC/<id>` or `Vault/<id>` to the value."""
        self.after_page: list[Callable[[PageEvent], object]] = []
        """Called after each page of Indicators was read from the store: the place to change rows
        between two pages."""
        self.after_group_page: list[Callable[[PageEvent], object]] = []
        """The same of pages of Groups."""
        self.people = {'demo.analyst', 'demo.admin'}
        """The users that can be notified."""
        self.notifications: list[Notification] = []
        """Those that were taken, oldest first."""
        self.request_count = 0
        self._requests: deque[Seen] = deque(maxlen=KEPT_REQUESTS)
        self._pages = 0
        self.last_rows: dict[str, list[Any]] = {}
        """What the last page had, by the kind of object."""
        self._lock = threading.Lock()
        self.faults.effects = {
            'clock_skew': (self._skew_clock, self._set_clock),
            'equal_last_modified': (
                lambda fault: self.store.tie(fault['at'], fault['tql']),
                lambda: None,
            ),
        }
        self._server = Server(self._handle, certificates, port)
        self._server._listener.RequestHandlerClass = _handler(
            self._server._listener.RequestHandlerClass, self.store
        )

    # -- life

    @property
    def url(self) -> str:
        """Origin, for example `https://localhost:41234`."""
        return self._server.url

    @property
    def api_url(self) -> str:
        """What the input `tc_api_path` holds."""
        return f'{self.url}/api'

    def alter(self, change: Callable[[Request, Reply], Reply]) -> None:
        """Have each answer changed before it goes out."""
        self._server.alter = change

    def start(self) -> Self:
        self._server.start()
        return self

    def stop(self) -> None:
        self._server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    # -- what tests ask and set

    @property
    def requests(self) -> tuple[Seen, ...]:
        """The requests so far, oldest first (the last 20,000), without those to `/_control`."""
        with self._lock:
            return tuple(self._requests)

    def forget_requests(self) -> None:
        with self._lock:
            self._requests.clear()
            self.request_count = 0

    def issue_token(self, user: User = DEFAULT_USER, lifetime_s: int = 3600) -> tuple[str, int]:
        """Make a platform token; returns it with the moment it expires (epoch seconds)."""
        return self.gate.issue(user, self.store.now(), lifetime_s)

    def set_variable(
        self,
        value: str,
        *,
        kind: str = 'KEYCHAIN',
        provider: str = 'TC',
        variable_id: str | None = None,
    ) -> str:
        """Store a variable; returns what an input holds, such as `&{TC:KEYCHAIN:<id>}`.

        Args:
            value: what resolving gives; Base64 for the kind FILE.
            kind: KEYCHAIN, TEXT or FILE.
            provider: TC or Vault.
            variable_id: a uuid; made up if left out.
        """
        variable_id = variable_id or str(uuid.uuid4())
        self.variables[f'{provider}/{variable_id}'] = value
        return f'&{{{provider}:{kind}:{variable_id}}}'

    def reset(self) -> None:
        """Back to the rows of the start, without faults, hooks or remembered requests.

        Tokens and variables stay: an App that runs meanwhile lives on them.
        """
        self.faults.off()
        self.after_page.clear()
        self.after_group_page.clear()
        self.store.reset()
        self.last_rows = {}
        self.notifications.clear()
        self.forget_requests()

    # -- answering

    def _handle(self, request: Request) -> Reply:
        if request.path == '/_control' or request.path.startswith('/_control/'):
            return control.answer(self, request)
        began = time.monotonic()
        exchange = Exchange(request)
        reply = self._early_fault(exchange)
        if reply is None:
            try:
                reply = self._route(exchange)
            except ApiError as error:
                reply = error_reply(request.path, error.status, error.message)
            if reply.status == 200:
                reply = self._spoil(exchange, reply)
        self._remember(exchange, reply, time.monotonic() - began)
        return reply

    def take(
        self, exchange: Exchange, name: str, applies: Callable[[Fault], bool] | None = None
    ) -> Fault | None:
        """Return the fault that this request gets, and note it beside the request."""
        fault = self.faults.take(name, exchange.request.path, applies)
        if fault is not None:
            exchange.faults += (name,)
        return fault

    def _early_fault(self, exchange: Exchange) -> Reply | None:
        path = exchange.request.path
        if self.take(exchange, 'drop'):
            return Reply(drop=True)
        if fault := self.take(exchange, 'unauthorized'):
            return error_reply(path, 401, fault['message'])
        if fault := self.take(exchange, 'rate_limit'):
            headers = {} if fault['retry_after'] is None else {'Retry-After': fault['retry_after']}
            headers = {name: str(value) for name, value in headers.items()}
            reply = error_reply(path, 429, 'Too many requests')
            return replace(reply, headers={**reply.headers, **headers})
        if fault := self.take(exchange, 'server_error'):
            return error_reply(path, fault['status'], _MESSAGES.get(fault['status'], 'Error'))
        if fault := self.take(exchange, 'html'):
            return Reply(fault['status'], _HTML, {'Content-Type': 'text/html'})
        return lie.refusal(exchange.request, partial(self.take, exchange))

    def _spoil(self, exchange: Exchange, reply: Reply) -> Reply:
        if self.take(exchange, 'status_error'):
            reply = error_reply(exchange.request.path, 200, 'An unknown error occurred')
        if self.take(exchange, 'malformed_json'):
            reply = replace(reply, body=reply.body.replace(b'":', b'"=', 1))
        if self.take(exchange, 'half_body'):
            reply = replace(reply, body=reply.body[: len(reply.body) // 2])
        if fault := self.take(exchange, 'reset'):
            cut = fault['cut_after']
            reply = replace(reply, cut_after=len(reply.body) // 2 if cut is None else cut)
        if fault := self.take(exchange, 'slow_body'):
            reply = replace(reply, drip_s=fault['drip_s'])
        if fault := self.take(exchange, 'wait'):
            reply = replace(reply, wait_s=fault['wait_s'])
        return reply

    def page_read(
        self, exchange: Exchange, wanted: page.ListRequest, found: page.Page[Any]
    ) -> None:
        """Run what is to happen between this page and the next."""
        is_indicators = wanted.target == 'indicator'
        with self._lock:
            self._pages += 1
            number = self._pages
        if is_indicators and (fault := self.take(exchange, 'churn')):
            self.store.churn(**{**fault.params, 'seed': fault['seed'] + number})
        hooks = tuple(self.after_page if is_indicators else self.after_group_page)
        if not hooks:
            return
        event = PageEvent(
            number=number,
            ids=[row.id for row in found.rows],
            has_more=found.has_more,
            tql=dict(reversed(wanted.pairs)).get('tql'),
        )
        for hook in hooks:
            hook(event)

    def _remember(self, exchange: Exchange, reply: Reply, elapsed_s: float) -> None:
        request = exchange.request
        try:
            pairs, _ = page.parameters(request)
        except ApiError:
            pairs = request.query
        query: dict[str, list[str]] = {}
        for name, value in pairs:
            query.setdefault(name, []).append(value)
        seen = Seen(
            at=self.store.now_text(),
            method=request.method,
            target=request.target,
            path=request.path,
            query=query,
            status=0 if reply.drop else reply.status,
            user=None if exchange.user is None else exchange.user.user_name,
            rows=exchange.rows,
            faults=exchange.faults,
            elapsed_s=round(elapsed_s, 6),
        )
        with self._lock:
            self._requests.append(seen)
            self.request_count += 1

    def _route(self, exchange: Exchange) -> Reply:
        request = exchange.request
        if (request.method, request.path) == ('GET', '/api/appAuth'):
            return self._renew_token(request)
        if not request.path.startswith('/api/'):
            raise ApiError(404, 'The requested resource was not found')
        exchange.user = self.gate.authenticate(request, self.store.now())
        exchange.request = lie.arrived(request, partial(self.take, exchange))
        return endpoint.answer(self, exchange, exchange.user)

    def _renew_token(self, request: Request) -> Reply:
        expired = dict(request.query).get('expiredToken', '')
        token, expires = self.gate.renew(expired, self.store.now())
        return json_reply({'success': True, 'apiToken': token, 'apiTokenExpires': expires})

    # -- the clock

    def _skew_clock(self, fault: Fault) -> None:
        self.store.clock_offset_s = float(fault['seconds'])

    def _set_clock(self) -> None:
        self.store.clock_offset_s = 0.0


def _handler(base: Any, store: Store) -> Any:
    """Make the server's handler tell the platform's time and close its connections for good."""

    class Handler(base):  # type: ignore[misc]
        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(store.now(), usegmt=True)

        def finish(self) -> None:
            super().finish()
            # The listener knows only the socket from before the TLS handshake.
            self.request.close()

    return Handler
