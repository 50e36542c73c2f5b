"""The real SQLite stores, each test with a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.ledger import RequestTimes, SqliteLedger
from sentinel_app.storage.progress import SqliteProgress
from sentinel_app.storage.state_db import StateDb
from sentinel_app.storage.work import SqliteWork


@pytest.fixture
def db(tmp_path: Path) -> Iterator[StateDb]:
    opened = StateDb(tmp_path / 'state.db')
    yield opened
    opened.close()


@pytest.fixture
def progress(db: StateDb) -> SqliteProgress:
    return SqliteProgress(db)


@pytest.fixture
def work(db: StateDb) -> SqliteWork:
    return SqliteWork(db)


@pytest.fixture
def ledger(db: StateDb) -> SqliteLedger:
    return SqliteLedger(db)


@pytest.fixture
def request_times(db: StateDb) -> RequestTimes:
    return RequestTimes(db)


@pytest.fixture
def error_log(db: StateDb) -> ErrorLog:
    return ErrorLog(db)
