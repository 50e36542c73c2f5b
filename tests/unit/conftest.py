"""Unit tests reach nothing beyond the process: a socket that connects or listens is an error."""

from __future__ import annotations

import socket
from typing import NoReturn

import pytest


@pytest.fixture(autouse=True)
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(connection: socket.socket, address: object, *_: object) -> NoReturn:
        raise AssertionError(f'a unit test reaches for the network: {address!r}')

    for name in ('bind', 'connect', 'connect_ex'):
        monkeypatch.setattr(socket.socket, name, refuse)
