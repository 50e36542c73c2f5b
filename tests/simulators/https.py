"""A small HTTPS server on loopback that the stand-ins share, able to misbehave on the wire.

A stand-in is a callable from `Request` to `Reply`; this module knows nothing of any API.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.simulators.certificates import Certificates


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as it came over the wire."""

    method: str
    target: str
    """Path and query exactly as sent, which signatures are made over."""
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back, and how badly."""

    status: int = 200
    body: bytes = b''
    headers: dict[str, str] = field(default_factory=dict)
    """Beside those that a server sends by itself, or in their place."""
    wait_s: float = 0.0
    """Time before the first byte."""
    cut_after: int | None = None
    """Send the head and this many bytes of the body, then reset the connection."""
    drop: bool = False
    """Reset the connection without any answer."""
    drip_s: float = 0.0
    """Pause between each 1 KiB of the body."""


def json_reply(payload: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """Make a JSON reply."""
    body = json.dumps(payload, ensure_ascii=False).encode()
    return Reply(status, body, {'Content-Type': 'application/json', **(headers or {})})


Handle = Callable[[Request], Reply]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return 'Odd'


class Server:
    """An HTTPS server in threads of its own; use as a context manager or `start()` / `stop()`."""

    def __init__(self, handle: Handle, certificates: Certificates, port: int = 0) -> None:
        self.alter: Callable[[Request, Reply], Reply] = lambda _request, reply: reply
        """What is made of each answer before it goes out."""
        self._stopping = threading.Event()
        server_self = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            timeout = 120
            disable_nagle_algorithm = True
            wbufsize = -1

            def setup(self) -> None:
                # The handshake belongs to the connection's own thread: a silent client must not
                # keep the others waiting.
                self.request.settimeout(30)
                self.request = server_self._context.wrap_socket(self.request, server_side=True)
                server_self._connections.add(self.request)
                super().setup()

            def parse_request(self) -> bool:
                is_sound = super().parse_request()
                if is_sound:
                    # The standard library makes one slash of several at the start; what a client
                    # really asked for must be seen.
                    self.path = self.requestline.split()[1]
                return is_sound

            def finish(self) -> None:
                server_self._connections.discard(self.request)
                try:
                    super().finish()
                finally:
                    # An unclosed TLS socket is a ResourceWarning, an error in a test run.
                    self.request.close()

            def log_message(self, *_args: object) -> None:
                pass

            def handle(self) -> None:
                try:
                    super().handle()
                except (OSError, ValueError):
                    self.close_connection = True

            def _serve(self) -> None:
                length = int(self.headers.get('Content-Length') or 0)
                request = Request(
                    method=self.command,
                    target=self.path,
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=self.rfile.read(length) if length else b'',
                )
                reply = server_self.alter(request, handle(request))
                if reply.wait_s and server_self._stopping.wait(reply.wait_s):
                    self.close_connection = True
                    return
                if reply.drop:
                    self._reset()
                    return
                self._write(reply)

            def _write(self, reply: Reply) -> None:
                known = {'Server': self.version_string(), 'Date': self.date_time_string()}
                known |= {'Content-Length': str(len(reply.body))}
                self.send_response_only(reply.status, _phrase(reply.status))
                for name, value in {**known, **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command == 'HEAD':
                    return
                if reply.cut_after is not None:
                    self.wfile.write(reply.body[: reply.cut_after])
                    self.wfile.flush()
                    self._reset()
                elif reply.drip_s:
                    for start in range(0, len(reply.body), 1024):
                        self.wfile.write(reply.body[start : start + 1024])
                        self.wfile.flush()
                        time.sleep(reply.drip_s)
                else:
                    self.wfile.write(reply.body)

            def _reset(self) -> None:
                self.close_connection = True
                # Linger 0 makes close() send RST, which is what a broken middle box does.
                self.request.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)
                )
                self.request.close()

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = _serve  # noqa: N815

        class Listener(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 128

            def handle_error(self, *_args: object) -> None:
                pass  # a client that went away, or a handshake refused: not our fault

        self._connections: set[socket.socket] = set()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificates.server, certificates.key)
        self._listener = Listener(('127.0.0.1', port), Handler)
        self._thread = threading.Thread(
            target=self._listener.serve_forever, kwargs={'poll_interval': 0.05}, daemon=True
        )

    @property
    def port(self) -> int:
        return int(self._listener.server_address[1])

    @property
    def url(self) -> str:
        """Origin, for example `https://localhost:41234`."""
        return f'https://localhost:{self.port}'

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        self._listener.shutdown()
        self._listener.server_close()
        for connection in tuple(self._connections):
            with contextlib.suppress(OSError):
                # Wakes the thread that waits in a read; close() alone would not. A client that
                # keeps its connection must notice that the stand-in stopped.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        self._thread.join(60)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()
