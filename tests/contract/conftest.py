"""The real SQLite stores, each test with a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.ledger import RequestTimes, SqliteLedger
from sentinel_app.storage.progress import SqliteProgress
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.work import SqliteWork


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / 'state.db')
    yield opened
    opened.close()


@pytest.fixture
def progress(db: Database) -> SqliteProgress:
    return SqliteProgress(db)


@pytest.fixture
def work(db: Database) -> SqliteWork:
    return SqliteWork(db)


@pytest.fixture
def ledger(db: Database) -> SqliteLedger:
    return SqliteLedger(db)


@pytest.fixture
def request_times(db: Database) -> RequestTimes:
    return RequestTimes(db)


@pytest.fixture
def error_log(db: Database) -> ErrorLog:
    return ErrorLog(db)
