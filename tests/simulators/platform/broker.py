"""The message broker of the platform stand-in: embedded, or a real Mosquitto."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import socket
import threading
import time
from pathlib import Path
from typing import Protocol

from amqtt.broker import Broker as AmqttBroker
from amqtt.contexts import BrokerConfig, ListenerConfig

from tests.simulators.platform.process import Child, Children, free_port

HOST = '127.0.0.1'
_START_TIMEOUT_S = 60.0


class Broker(Protocol):
    """An MQTT broker on loopback."""

    port: int

    def start(self) -> None:
        """Return when clients can connect."""

    def stop(self) -> None:
        """End it, its connections included."""


class EmbeddedBroker:
    """The `amqtt` package's broker, in a thread with an event loop of its own."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the loop's thread and wait until the port is bound."""
        # The package logs every packet, with payloads, at DEBUG and each connection at INFO.
        for name in ('amqtt', 'transitions'):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._started.clear()
        self._failure = None
        self._thread = threading.Thread(target=self._run, name='embedded-broker', daemon=True)
        self._thread.start()
        if not self._started.wait(_START_TIMEOUT_S):
            raise RuntimeError('the embedded message broker did not start')
        if self._failure is not None:
            raise RuntimeError('the embedded message broker did not start') from self._failure

    def stop(self) -> None:
        """Close the listener and every connection."""
        if self._thread is None:
            return
        if self._loop is not None and self._stop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)
        self._thread = None

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits in start()
            self._failure = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        # A connection that breaks while a packet is under way leaves tasks with exceptions
        # nobody asks for; a broker's clients come and go, so they are no news.
        self._loop.set_exception_handler(lambda _loop, _context: None)
        broker = _ClosingBroker(
            BrokerConfig(
                listeners={'default': ListenerConfig(bind=f'{HOST}:{self.port}')},
                plugins={'amqtt.plugins.authentication.AnonymousAuthPlugin': {}},
            )
        )
        await broker.start()
        self.port = broker._servers['default'].instance.sockets[0].getsockname()[1]
        self._started.set()
        await self._stop.wait()
        await broker.shutdown()
        await broker.close_connections()


class _ClosingBroker(AmqttBroker):  # type: ignore[misc]  # the library has no types
    """Closes what the package leaves open: the transport of every client that ever came."""

    def __init__(self, config: BrokerConfig) -> None:
        super().__init__(config)
        self._writers: set[asyncio.StreamWriter] = set()

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        self._writers.add(writer)
        try:
            await super().stream_connected(reader, writer, listener_name)
        finally:
            self._writers.discard(writer)
            writer.close()

    async def close_connections(self) -> None:
        writers = tuple(self._writers)
        for writer in writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)


class Mosquitto:
    """A real Mosquitto in a process of its own."""

    def __init__(self, children: Children, folder: Path, port: int = 0) -> None:
        self.port = port
        self._children = children
        self._folder = folder
        self._process: Child | None = None

    @staticmethod
    def program() -> str | None:
        """Return where Mosquitto is installed; Debian puts it in a folder for administrators."""
        return shutil.which('mosquitto') or shutil.which('mosquitto', path='/usr/sbin')

    def start(self) -> None:
        """Start it and wait until it listens."""
        program = self.program()
        if program is None:
            raise RuntimeError('mosquitto is not installed: install the package "mosquitto"')
        self.port = free_port(self.port)
        config = self._folder / 'mosquitto.conf'
        # Without set_tcp_nodelay each request waits about 40 ms for a delayed acknowledgment.
        config.write_text(
            f'listener {self.port} {HOST}\nallow_anonymous true\nset_tcp_nodelay true\n'
            'persistence false\n'
        )
        self._process = self._children.start(
            [program, '-c', str(config)],
            cwd=self._folder,
            environment={'PATH': '/usr/sbin:/usr/bin:/bin'},
            log=self._folder / 'mosquitto.log',
        )
        wait_for_port(self.port, self._process)

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._children.end(self._process)
            self._process = None


def wait_for_port(port: int, process: Child) -> None:
    """Return when a process listens on a loopback port.

    Raises:
        RuntimeError: it ended, or does not listen in time.
    """
    deadline = time.monotonic() + _START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.02)
    raise RuntimeError(f'process {process.pid} does not listen on port {port}')
