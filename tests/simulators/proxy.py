"""A forward proxy with a password, on loopback: it lets tunnels through and nothing else."""

from __future__ import annotations

import base64
import contextlib
import selectors
import socket
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

HOST = '127.0.0.1'
_BLOCK_BYTES = 1 << 16
_LOOPBACK = frozenset({'localhost', HOST})


@dataclass(frozen=True, slots=True)
class Tunnel:
    """One request for a tunnel, and how it was answered."""

    host: str
    port: int
    status: int


class ProxySimulator:
    """An HTTP proxy that knows CONNECT and Basic authentication; a context manager.

    Whoever has not the right name and password gets 407 and no tunnel. Tunnels lead to loopback
    alone, where the stand-ins are.

    Args:
        user: the name that is asked for.
        password: as a person types it; the client has to see to what stands in an address.
    """

    def __init__(self, user: str, password: str) -> None:
        token = base64.b64encode(f'{user}:{password}'.encode('latin-1')).decode()
        self._expected = f'Basic {token}'
        self.refusal = ''
        """Where it says something, that is what everybody hears instead of getting a tunnel."""
        self._lock = threading.Lock()
        self._tunnels: list[Tunnel] = []
        self._listener = _Listener((HOST, 0), _Handler)
        self._listener.proxy = self
        self._thread = threading.Thread(
            target=self._listener.serve_forever, kwargs={'poll_interval': 0.05}, daemon=True
        )

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.server_address[1])

    @property
    def tunnels(self) -> tuple[Tunnel, ...]:
        """Every request for a tunnel so far, oldest first."""
        with self._lock:
            return tuple(self._tunnels)

    def ports(self, status: int = 200) -> set[int]:
        """Return the ports that tunnels with this answer were asked for."""
        return {tunnel.port for tunnel in self.tunnels if tunnel.status == status}

    def forget(self) -> None:
        """Begin to record anew."""
        with self._lock:
            self._tunnels.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._listener.shutdown()
        self._thread.join(60)
        self._listener.server_close()

    def admits(self, authorization: str | None) -> bool:
        """Say whether these are the right name and password."""
        return authorization == self._expected

    def record(self, tunnel: Tunnel) -> None:
        """Note how a request for a tunnel was answered."""
        with self._lock:
            self._tunnels.append(tunnel)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    proxy: ProxySimulator

    def handle_error(self, *_args: object) -> None:
        pass  # a client that went away


class _Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    server: _Listener

    def log_message(self, *_args: object) -> None:
        pass

    def do_CONNECT(self) -> None:
        """Open a tunnel, or say why not."""
        self.close_connection = True
        host, _, port = self.path.rpartition(':')
        if self.server.proxy.refusal:
            self._answer(host, port, 502)
        elif not self.server.proxy.admits(self.headers.get('Proxy-Authorization')):
            self._answer(host, port, 407)
        elif host not in _LOOPBACK:
            self._answer(host, port, 403)
        else:
            self._connect(host, port)

    def do_GET(self) -> None:
        """Refuse what is no tunnel: everything the App sends is encrypted."""
        self.send_error(405)

    do_POST = do_PUT = do_GET  # noqa: N815

    def _connect(self, host: str, port: str) -> None:
        try:
            other = socket.create_connection((host, int(port)), timeout=60)
        except OSError:
            self._answer(host, port, 502)
            return
        with other:
            self._answer(host, port, 200)
            with contextlib.suppress(OSError):
                _join(self.connection, other)

    def _answer(self, host: str, port: str, status: int) -> None:
        self.server.proxy.record(Tunnel(host, int(port), status))
        refusal = self.server.proxy.refusal
        self.send_response(status, refusal or None)
        if refusal:
            self.send_header('X-Refusal', refusal)
        if status == 407:
            self.send_header('Proxy-Authenticate', 'Basic realm="stand-in"')
        if status != 200:
            self.send_header('Content-Length', '0')
        self.end_headers()


def _join(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until either side ends."""
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in selector.select(timeout=60):
                side = key.fileobj
                assert isinstance(side, socket.socket)
                content = side.recv(_BLOCK_BYTES)
                if not content:
                    return
                key.data.sendall(content)
