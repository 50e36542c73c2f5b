"""The HTTP front of the platform stand-in: requests in, `RunService` messages to the App."""

from __future__ import annotations

import contextlib
import errno
import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.simulators.platform.broker import HOST
from tests.simulators.platform.channel import Answer, Message, NoAnswerError

API_PATH = 'ms_sentinel'
DEFAULT_PORT = 8080
_HOP_BY_HOP = frozenset(
    {'connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'proxy-connection', 'te'}
)


MakeToken = Callable[[], tuple[str, int]]


class PathShape(StrEnum):
    """How the rest of the path after the API path is written into the message."""

    AS_REQUESTED = 'as requested'
    """`/x` for `.../ms_sentinel/x`, `/` for `.../ms_sentinel/`, empty for `.../ms_sentinel`."""
    WITHOUT_LEADING_SLASH = 'without leading slash'
    """`x`; empty for both forms of the API path itself."""
    WITH_TRAILING_SLASH = 'with trailing slash'
    """`/x/`."""

    def write(self, rest: str) -> str:
        """Return the message's `path` for the rest of a requested path."""
        match self:
            case PathShape.WITHOUT_LEADING_SLASH:
                return rest.removeprefix('/')
            case PathShape.WITH_TRAILING_SLASH:
                return rest if rest.endswith('/') else f'{rest}/'
            case _:
                return rest


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontOptions:
    """What is not known of the platform's front, and how slow or strict it is."""

    path_shape: PathShape = PathShape.AS_REQUESTED
    raw: bool = False
    """Path, and names and values of the query, as they came: not percent-decoded."""
    lower_case_headers: bool = False
    drop_content_length: bool = False
    with_user_config: bool = True
    timeout_s: float = 60.0
    """How long a request may take before it is answered with 504."""


class Service(Protocol):
    """What the front needs of the App's process."""

    @property
    def is_serving(self) -> bool: ...

    def request(self, message: Message, body: bytes = b'', *, timeout_s: float = 60) -> Answer: ...


class Front:
    """An HTTP/1.1 server on loopback, in threads, for the requests of people and tests."""

    def __init__(
        self,
        service: Service,
        *,
        port: int = 0,
        api_path: str = API_PATH,
        make_token: MakeToken,
        options: FrontOptions | None = None,
    ) -> None:
        """Bind the port.

        Args:
            service: the App.
            port: where to listen; the next free one is taken where this is in use, any free one
                for 0.
            api_path: the part of the address that names the Service.
            make_token: gives each request its `apiToken`, the calling person's own token, and
                when that expires (epoch seconds); TcEx tries to renew it in its last 600 s.
            options: see `FrontOptions`; may be replaced at any time.
        """
        self.options = options or FrontOptions()
        self.prefix = f'/api/services/{api_path}'
        self._service = service
        self._make_token = make_token
        self._listener = _bind(port)
        self._listener.front = self
        self._thread = threading.Thread(
            target=self._listener.serve_forever,
            kwargs={'poll_interval': 0.05},
            name='front',
            daemon=True,
        )

    @property
    def port(self) -> int:
        return int(self._listener.server_address[1])

    @property
    def origin(self) -> str:
        return f'http://{HOST}:{self.port}'

    @property
    def url(self) -> str:
        """Address of the App's page, with the slash at its end."""
        return f'{self.origin}{self.prefix}/'

    def start(self) -> None:
        """Serve requests from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Close the listener and every connection."""
        if self._thread.is_alive():
            self._listener.shutdown()
            self._thread.join(60)
        self._listener.server_close()
        for connection in tuple(self._listener.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def run_service(
        self,
        method: str,
        target: str,
        headers: list[tuple[str, str]],
        body: bytes = b'',
        remote_address: str = HOST,
    ) -> Answer:
        """Make one request of the App and return its answer.

        Args:
            target: path and query under the API path as on the wire, for example `/api/health`.
            headers: as the client sent them; repeated names stay repeated.

        Raises:
            NoAnswerError: the App did not answer.
        """
        message = self.message(method, target, headers, remote_address)
        return self._service.request(message, body, timeout_s=self.options.timeout_s)

    def message(
        self, method: str, target: str, headers: list[tuple[str, str]], remote_address: str
    ) -> Message:
        """Build the `RunService` message of one request."""
        options = self.options
        rest, _, query = target.partition('?')
        sent = [
            {'name': name.lower() if options.lower_case_headers else name, 'value': value}
            for name, value in headers
            if not (options.drop_content_length and name.lower() == 'content-length')
        ]
        host = next((value for name, value in headers if name.lower() == 'host'), HOST)
        token, expires = self._make_token()
        message: Message = {
            'appId': 412,
            'apiToken': token,
            'expireSeconds': expires,
            'method': method,
            'path': options.path_shape.write(rest if options.raw else unquote(rest)),
            'queryParams': [
                {'name': name, 'value': value}
                for name, value in _query_pairs(query, raw=options.raw)
            ],
            'headers': sent,
            'bodyVariable': 'request.body',
            'remoteAddress': remote_address,
            'requestUrl': f'http://{host}{self.prefix}{target}',
        }
        if options.with_user_config:
            message['userConfig'] = []
        return message

    @property
    def is_serving(self) -> bool:
        """Whether the App behind is ready for requests."""
        return self._service.is_serving


def _query_pairs(query: str, *, raw: bool) -> list[tuple[str, str]]:
    if not raw:
        return parse_qsl(query, keep_blank_values=True)
    parts = (part.partition('=') for part in query.split('&') if part)
    return [(name, value) for name, _, value in parts]


def _bind(port: int) -> _Listener:
    for candidate in range(port, min(port + 100, 65_535)) if port else (0,):
        try:
            return _Listener((HOST, candidate), _Handler)
        except OSError as error:
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                raise
    raise RuntimeError(f'no free port from {port} on')


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    front: Front

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.connections: set[socket.socket] = set()
        super().__init__(address, handler)

    def handle_error(self, *_args: object) -> None:
        pass  # a client that went away


class _Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    server: _Listener
    timeout = 120
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, *_args: object) -> None:
        pass

    def _serve(self) -> None:
        body = self._read_body()
        if body is None:
            return
        front = self.server.front
        path = urlsplit(self.path).path
        if path == '/':
            self._write(302, [('Location', f'{front.prefix}/')], b'')
            return
        if path != front.prefix and not path.startswith(f'{front.prefix}/'):
            self._refuse(404, f'Nothing is here; the App is at {front.prefix}/')
            return
        if not front.is_serving:
            self._refuse(503, 'The Service is not running.')
            return
        target = self.path.removeprefix(front.prefix)
        try:
            answer = front.run_service(
                self.command, target, self.headers.items(), body, self.client_address[0]
            )
        except NoAnswerError as error:
            self._refuse(504 if front.is_serving else 502, f'No answer: {error}.')
            return
        self._write(answer.status, list(answer.headers), answer.body or b'', answer.reason)

    def _read_body(self) -> bytes | None:
        if 'transfer-encoding' in self.headers:
            self.close_connection = True
            self._refuse(411, 'The length of the body is needed.')
            return None
        try:
            length = int(self.headers.get('Content-Length') or 0)
        except ValueError:
            self.close_connection = True
            self._refuse(400, 'Content-Length is not a number.')
            return None
        return self.rfile.read(length) if length > 0 else b''

    def _refuse(self, status: int, text: str) -> None:
        body = json.dumps({'status': 'Error', 'message': text}).encode()
        self._write(status, [('Content-Type', 'application/json')], body)

    def _write(
        self, status: int, headers: list[tuple[str, str]], body: bytes, reason: str | None = None
    ) -> None:
        self.send_response(status, reason or HTTPStatus(status).phrase)
        is_head = self.command == 'HEAD'
        for name, value in headers:
            lower = name.lower()
            # Of a HEAD the App's own figure is all there is to tell the length by.
            if lower not in _HOP_BY_HOP and (lower != 'content-length' or is_head):
                self.send_header(name, value)
        if not is_head and status >= 200 and status not in {204, 304}:
            self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if not is_head:
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = _serve  # noqa: N815
