"""What an ideal engine would have to spend: measured without the App, in a process of its own."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from tests.bench.rows import object_count
from tests.bench.subject import Figures, Subject
from tests.bench.yardstick import Yardstick
from tests.harness.engine import CA_VARIABLES, SignedSession
from tests.process.crash.child import Neighbors
from tests.simulators.demo import generate_indicators

INDICATORS = 10_000
_REPORT = 'floor.json'
_LIST = '/api/v3/indicators'
_ROWS_OF_A_PAGE = 100
"""A request that gave fewer rows was not made to read them all."""
_OBJECTS_OF_A_BATCH = 100

READ, PARSE, COMMIT = 'read', 'parse', 'commit'
TEXT, STORE, SETTLE = 'text', 'store', 'settle'
UNCHANGED = (READ, PARSE, COMMIT)
"""What an update spends even where nothing has changed."""


def measure(subject: Subject) -> Figures:
    """Ask for the pages that the App asked for, and do with them what nobody can leave out."""
    with subject.world(generate_indicators(INDICATORS)) as world:
        subject.updates(world)
        targets = [
            seen.target
            for seen in world.threatconnect.requests
            if seen.path == _LIST and (seen.rows or 0) >= _ROWS_OF_A_PAGE
        ]
        began_at = time.time()
        with Yardstick() as yardstick:
            folder = subject.run('tests.bench.floor', world, {'targets': targets})
    figures: Figures = json.loads((folder / _REPORT).read_text())
    figures['yardstick_ms'] = yardstick.work_ms(began_at, time.time())
    assert figures['indicators'] == INDICATORS, figures
    subject.say(f'floor: {figures}')
    return figures


class _Meter:
    """Adds up the processor time of each kind of work of this thread."""

    def __init__(self) -> None:
        self.spent_s: dict[str, float] = {}

    @contextmanager
    def on(self, work: str) -> Iterator[None]:
        began = time.thread_time()
        yield
        took_s = time.thread_time() - began
        self.spent_s[work] = self.spent_s.get(work, 0.0) + took_s


def run(task: Mapping[str, Any]) -> None:
    """Read and parse each page, store it, and make and settle one text of each object.

    Args:
        task: `folder`, `targets`, and what `Neighbors` takes.
    """
    neighbors = Neighbors(task)
    os.environ.update(dict.fromkeys(CA_VARIABLES, str(neighbors.certificates.ca)))
    folder = Path(task['folder'])
    meter = _Meter()
    indicators = size = waiting = 0
    keys: list[bytes] = []
    with (
        SignedSession(neighbors) as session,
        contextlib.closing(_database(folder / 'floor.db')) as connection,
    ):
        for number, target in enumerate(task['targets']):
            with meter.on(READ):
                body = session.get(target.removeprefix('/api')).content
            with meter.on(PARSE):
                rows = orjson.loads(body)['data']
            with meter.on(COMMIT), _transaction(connection):
                connection.execute('INSERT INTO page VALUES (?, 0)', (number,))
            indicators += len(rows)
            size += len(body)
            with meter.on(TEXT):
                page_keys = [
                    _digest(f'{row["id"]}-{index}', orjson.dumps(row))
                    for row in rows
                    for index in range(object_count(row))
                ]
            with meter.on(STORE), _transaction(connection):
                connection.executemany(
                    'INSERT INTO ledger VALUES (?, 1, 2, 3, 4)', ((key,) for key in page_keys)
                )
            keys += page_keys
            waiting += len(page_keys)
            with meter.on(SETTLE):
                while waiting >= _OBJECTS_OF_A_BATCH:
                    waiting -= _OBJECTS_OF_A_BATCH
                    _send(connection, number)
    report = {
        'indicators': indicators,
        'objects': len(keys),
        'page_bytes': size,
        'cpu_s': meter.spent_s,
    }
    (folder / _REPORT).write_text(json.dumps(report))


def _send(connection: sqlite3.Connection, number: int) -> None:
    """Write down that a batch goes, and that it has gone."""
    for state in (1, 2):
        with _transaction(connection):
            connection.execute('UPDATE page SET state = ? WHERE number = ?', (state, number))


def _digest(name: str, text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=16, key=name.encode()).digest()


def _database(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in (
        'PRAGMA journal_mode = WAL',
        'PRAGMA synchronous = FULL',
        'CREATE TABLE page (number INTEGER PRIMARY KEY, state INTEGER)',
        'CREATE TABLE ledger (key BLOB PRIMARY KEY, a INT, b INT, c INT, d INT) WITHOUT ROWID',
    ):
        connection.execute(statement)
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute('BEGIN IMMEDIATE')
    yield
    connection.execute('COMMIT')
