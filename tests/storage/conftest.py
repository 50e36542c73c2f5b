"""The real SQLite stores, each test with a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.orphans import Orphans
from sentinel_app.storage.request_time import RequestTimes
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.update_store import UpdateStore
from tests.harness.builders.update import Working, make_store
from tests.harness.database import open_database


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / 'state.db')
    yield opened
    opened.close()


@pytest.fixture
def store(db: Database) -> UpdateStore:
    return make_store(db)


@pytest.fixture
def working(db: Database, store: UpdateStore) -> Working:
    return Working(db, store)


@pytest.fixture
def ledger(db: Database) -> Ledger:
    return Ledger(db)


@pytest.fixture
def orphans(db: Database, store: UpdateStore) -> Orphans:
    return Orphans(db, store)


@pytest.fixture
def request_times(db: Database) -> RequestTimes:
    return RequestTimes(db)


@pytest.fixture
def error_log(db: Database) -> ErrorLog:
    return ErrorLog(db)
