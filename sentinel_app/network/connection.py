"""Connections with a time limit for a whole response, headers included.

A time-out of `requests` covers one wait for bytes. A server that keeps sending `100 Continue`, or
single bytes of a header, would block a call for ever: until the headers are complete, only the
connection itself can check the time.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


def bound_time(adapter: HTTPAdapter, *, monotonic: Callable[[], float], total_s: float) -> None:
    """Limit the time of each response of an adapter.

    Args:
        adapter: the adapter whose connections, also through a proxy, are limited from now on.
        monotonic: a clock for durations.
        total_s: seconds for a whole response, from the end of the request.
    """

    class Response(HTTPResponse):
        def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
            super().__init__(sock, *args, **options)
            until = monotonic() + total_s
            self.fp = io.BufferedReader(_Timely(self.fp.detach(), lambda: monotonic() > until))

    class Connection(HTTPConnection):
        response_class = Response

    class TlsConnection(HTTPSConnection):
        response_class = Response

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = TlsConnection

    pools = {'http': Pool, 'https': TlsPool}
    make_manager = adapter.proxy_manager_for

    def manager_for(*args: Any, **options: Any) -> Any:
        manager = make_manager(*args, **options)
        manager.pool_classes_by_scheme = pools
        return manager

    adapter.poolmanager.pool_classes_by_scheme = pools
    adapter.proxy_manager_for = manager_for  # type: ignore[method-assign]


class _Timely(io.RawIOBase):
    """Stream of a socket that raises `TimeoutError` after the time limit."""

    def __init__(self, raw: io.RawIOBase, is_late: Callable[[], bool]) -> None:
        self._raw = raw
        self._is_late = is_late

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._is_late():
            raise TimeoutError('the answer takes too long')
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
