"""The key-value store of the platform stand-in: embedded, or a real redis-server."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any, Protocol

import redis
from fakeredis import FakeServer
from fakeredis._fakesocket import FakeSocket
from fakeredis._helpers import SimpleError, SimpleString

from tests.simulators.platform.broker import HOST, wait_for_port
from tests.simulators.platform.process import Child, Children, free_port

_BLOCK_BYTES = 1 << 20


class KeyValueStore(Protocol):
    """A Redis on loopback, without password."""

    port: int

    def start(self) -> None:
        """Return when clients can connect."""

    def stop(self) -> None:
        """End it; what it held is gone."""


class EmbeddedRedis:
    """The `fakeredis` package behind a TCP port, in threads.

    The package's own `TcpFakeServer` reads without blocking in a loop without a pause: each open
    connection costs a processor core, and a closed one is never noticed. So this class keeps the
    package's commands and data and brings its own connections.
    """

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self._listener: _Listener | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Bind the port and serve it."""
        self._listener = _Listener((HOST, self.port), _Connection)
        self.port = int(self._listener.server_address[1])
        self._thread = threading.Thread(
            target=self._listener.serve_forever,
            kwargs={'poll_interval': 0.05},
            name='embedded-redis',
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Close the listener and every connection."""
        if self._listener is None or self._thread is None:
            return
        self._listener.shutdown()
        self._listener.server_close()
        for connection in tuple(self._listener.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(60)
        self._listener = self._thread = None


class RedisServer:
    """A real redis-server in a process of its own, without persistence."""

    def __init__(self, children: Children, folder: Path, port: int = 0) -> None:
        self.port = port
        self._children = children
        self._folder = folder
        self._process: Child | None = None

    @staticmethod
    def program() -> str | None:
        """Return where redis-server is installed."""
        return shutil.which('redis-server')

    def start(self) -> None:
        """Start it and wait until it listens."""
        program = self.program()
        if program is None:
            raise RuntimeError('redis-server is not installed: install the package "redis-server"')
        self.port = free_port(self.port)
        settings = {
            '--port': str(self.port),
            '--bind': HOST,
            '--save': '',
            '--appendonly': 'no',
            '--dir': str(self._folder),
        }
        self._process = self._children.start(
            [program, *(part for setting in settings.items() for part in setting)],
            cwd=self._folder,
            environment={'PATH': '/usr/bin:/bin'},
            log=self._folder / 'redis.log',
        )
        wait_for_port(self.port, self._process)

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._children.end(self._process)
            self._process = None


class _Listener(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseRequestHandler]) -> None:
        self.data = FakeServer(server_type='redis', version=(7, 0))
        self.connections: set[socket.socket] = set()
        super().__init__(address, handler)

    def handle_error(self, *_args: object) -> None:
        pass  # a client that went away


class _Connection(BaseRequestHandler):
    server: _Listener

    def setup(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.connections.add(self.request)

    def handle(self) -> None:
        commands = FakeSocket(
            self.server.data, db=0, client_class=redis.Redis, client_info={'resp': 2}
        )
        try:
            while block := self.request.recv(_BLOCK_BYTES):
                failure = None
                try:
                    commands.sendall(block)
                except SimpleError as error:  # not the protocol: its parser ends with this
                    failure = error
                self.request.sendall(_answers(commands))
                if failure is not None:
                    self.request.sendall(_encode(failure, 2))
                    return
        finally:
            commands.close()

    def finish(self) -> None:
        self.server.connections.discard(self.request)


def _answers(commands: FakeSocket) -> bytes:
    pieces = []
    waiting = commands.responses
    while waiting is not None and waiting.qsize():
        answer = waiting.get_nowait()
        pieces.append(_encode(answer, commands._client_info.protocol_version))
    return b''.join(pieces)


def _encode(value: Any, protocol: int) -> bytes:
    """Write one answer in the Redis protocol of version 2 or 3."""
    match value:
        case SimpleError():
            return f'-{value.value}\r\n'.encode()
        case redis.RedisError():
            return f'-ERR {value}\r\n'.encode()
        case SimpleString():
            return b'+%b\r\n' % value.value
        case None:
            return b'_\r\n' if protocol == 3 else b'$-1\r\n'
        case bool():
            return b'#%c\r\n' % (b't' if value else b'f')
        case int():
            return b':%d\r\n' % value
        case float():
            return f',{value!r}\r\n'.encode()
        case str():
            return _encode(value.encode(), protocol)
        case bytes():
            return b'$%d\r\n%b\r\n' % (len(value), value)
        case dict():
            pairs = [part for pair in value.items() for part in pair]
            return b'%%%d\r\n' % len(value) + b''.join(_encode(part, protocol) for part in pairs)
        case set():
            return b'~%d\r\n' % len(value) + b''.join(_encode(part, protocol) for part in value)
        case _:
            return b'*%d\r\n' % len(value) + b''.join(_encode(part, protocol) for part in value)
