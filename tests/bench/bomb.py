"""How far the memory of a process grows when an answer is a bomb."""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import requests

from sentinel_app.clock import SystemClock
from sentinel_app.errors import SentinelAppError
from sentinel_app.network.exchange import Answer, HttpClient, NetworkFault, SizeLimit, Timeouts
from sentinel_app.redactor import Redactor
from sentinel_app.sentinel.client import UPLOAD_LIMIT
from sentinel_app.sentinel.responses import read_reply
from sentinel_app.sentinel.transport import TOKEN_LIMIT
from sentinel_app.threatconnect.instance import LIST_LIMIT, PAGE_LIMIT
from sentinel_app.threatconnect.responses import read_answer
from sentinel_app.threatconnect.whoami import WHOAMI_LIMIT

Figures = dict[str, Any]

MB: Final = 1 << 20
LIMITS: Final[Mapping[str, SizeLimit]] = {
    'page of Indicators': PAGE_LIMIT,
    'list': LIST_LIMIT,
    'upload': UPLOAD_LIMIT,
    'token': TOKEN_LIMIT,
    'whoami': WHOAMI_LIMIT,
}
PURPOSES: Final = tuple(LIMITS)
TIMEOUTS: Final = Timeouts(connect_s=10, read_s=60, total_s=120)


def _zipped(make: Callable[[], bytes], repeats: int, layers: int = 1) -> bytes:
    """Pack a body that is never held whole."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode='wb', compresslevel=9) as file:
        for _ in range(repeats):
            file.write(make())
    body = packed.getvalue()
    for _ in range(layers - 1):
        body = gzip.compress(body)
    return body


def _error_list(count: int) -> bytes:
    entry = b'{"recordIndex":0,"errorMessages":["x"]}'
    return b'{"errors":[' + b','.join([entry] * count) + b']}'


BOMBS: Final[Mapping[str, tuple[int, int, Callable[[], bytes]]]] = {
    '500 MB of blanks in gzip': (200, 1, lambda: _zipped(lambda: b' ' * MB, 500)),
    '500 MB of blanks in gzip in gzip': (200, 2, lambda: _zipped(lambda: b' ' * MB, 500, 2)),
    '60 MB of empty lists': (200, 1, lambda: _zipped(lambda: b'[' + b'[],' * (20 * MB), 1)),
    '60 MB of one text': (200, 1, lambda: _zipped(lambda: b'{"a":"' + b'x' * (60 * MB) + b'"}', 1)),
    '22 MB of one text of four bytes each': (
        200,
        1,
        lambda: _zipped(lambda: b'{"a":"' + '\U0001f4a3'.encode() * (22 * MB // 4) + b'"}', 1),
    ),
    '475,000 small rows': (
        200,
        1,
        lambda: _zipped(
            lambda: b'{"status":"Success","data":[' + b'{"id":1},' * 475_000 + b'{}]}', 1
        ),
    ),
    '200 MB error': (500, 1, lambda: _zipped(lambda: b'x' * MB, 200)),
    '2.5 million errors for one object': (
        200,
        1,
        lambda: _zipped(lambda: _error_list(2_500_000), 1),
    ),
    '2 MB of percent signs': (
        200,
        1,
        lambda: _zipped(lambda: b'{"error":"' + b'%' * (2 * MB) + b'"}', 1),
    ),
    '20,000 errors for one object': (200, 1, lambda: _zipped(lambda: _error_list(20_000), 1)),
}
"""Status, layers of gzip, and the packed body."""


def measure(folder: Path, say: Callable[[str], None]) -> Figures:
    """Let each bomb meet each purpose in a process of its own."""
    figures: Figures = {}
    for bomb, (_, _, make) in BOMBS.items():
        file = folder / 'bomb'
        file.write_bytes(make())
        found: Figures = {}
        for purpose in PURPOSES:
            child = subprocess.run(
                [sys.executable, '-m', 'tests.bench.bomb', str(file), bomb, purpose],
                capture_output=True,
                check=True,
                timeout=300,
            )
            found[purpose] = json.loads(child.stdout)
        figures[bomb] = {'packed_kib': file.stat().st_size / 1024, 'by_purpose': found}
        say(f'bombs, {bomb}: {found}')
    return figures


def _serve(listener: socket.socket, head: bytes, file: Path) -> None:
    connection, _ = listener.accept()
    with connection, file.open('rb') as body:
        connection.recv(1 << 16)
        try:
            connection.sendall(head)
            connection.sendfile(body)
        except OSError:
            return  # the client has had enough


def _use(answer: Answer, purpose: str) -> None:
    """Read the answer as its purpose does."""
    if purpose in ('page of Indicators', 'list'):
        read_answer(answer, now=SystemClock().now())
    elif purpose == 'upload':
        read_reply(answer, count=100, now=SystemClock().now())
    elif answer.json is not None:
        answer.json_with_secrets()


def main(file: str, bomb: str, purpose: str) -> None:
    """Take one answer and print how far the peak of memory rose, and for how long it took."""
    status, layers, _ = BOMBS[bomb]
    size = Path(file).stat().st_size
    head = (
        f'HTTP/1.1 {status} So\r\nContent-Length: {size}\r\n'
        f'Content-Encoding: {", ".join(["gzip"] * layers)}\r\nConnection: close\r\n\r\n'
    ).encode()
    redactor = Redactor()
    redactor.protect([f'a-secret-of-ours-{number}' for number in range(10)])
    with socket.create_server(('127.0.0.1', 0)) as listener, requests.Session() as session:
        session.trust_env = False
        threading.Thread(target=_serve, args=(listener, head, Path(file)), daemon=True).start()
        client = HttpClient(session, clock=SystemClock(), timeouts=TIMEOUTS, redactor=redactor)
        before, began, ended = _kib('VmRSS'), time.process_time(), 'taken'
        try:
            address = f'http://127.0.0.1:{listener.getsockname()[1]}/'
            _use(client.exchange('GET', address, limit=LIMITS[purpose]), purpose)
        except (SentinelAppError, NetworkFault, ValueError) as error:
            ended = type(error).__name__
    figures = {
        'grown_mib': (_kib('VmHWM') - before) / 1024,
        'took_s': time.process_time() - began,
        'ended': ended,
    }
    sys.stdout.write(json.dumps(figures))


def _kib(name: str) -> int:
    for line in Path(f'/proc/{os.getpid()}/status').read_text().splitlines():
        if line.startswith(f'{name}:'):
            return int(line.split()[1])
    raise LookupError(name)


if __name__ == '__main__':
    main(*sys.argv[1:])
