"""The stand-ins' HTTPS server, made to close each connection for good and to keep each path.

An unclosed TLS socket is a ResourceWarning, which the test run takes for an error; and a client
that keeps its connection must notice when the stand-in stops.
"""

from __future__ import annotations

import contextlib
import socket

from tests.simulators.certificates import Certificates
from tests.simulators.https import Handle, Server


class ClosingServer(Server):
    """A `Server` whose connections end with their handler, and with `stop()`."""

    def __init__(self, handle: Handle, certificates: Certificates, port: int = 0) -> None:
        super().__init__(handle, certificates, port)
        handler = self._listener.RequestHandlerClass

        class ClosingHandler(handler):  # type: ignore[valid-type,misc]
            def parse_request(self) -> bool:
                is_sound: bool = super().parse_request()
                if is_sound:
                    # The standard library makes one slash of several at the start; what a client
                    # really asked for must be seen.
                    self.path = self.requestline.split()[1]
                return is_sound

            def finish(self) -> None:
                try:
                    super().finish()
                finally:
                    self.request.close()

        self._listener.RequestHandlerClass = ClosingHandler

    def stop(self) -> None:
        for connection in tuple(self._connections):
            with contextlib.suppress(OSError):
                # Wakes the thread that waits in a read; close() alone would not.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        super().stop()
