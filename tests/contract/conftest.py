#X """The real SQLite stores, each test with a file of its own."""
#X 
#X from __future__ import annotations
#X 
#X from collections.abc import Iterator
#X from pathlib import Path
#X 
#X import pytest
#X 
#X from sentinel_app.storage.error_log import ErrorLog
#X from sentinel_app.storage.ledger import RequestTimes, SqliteLedger
#X from sentinel_app.storage.progress import SqliteProgress
#X from sentinel_app.storage.sqlite import Database
#X from sentinel_app.storage.work import SqliteWork
#X 
#X 
#X @pytest.fixture
#X def db(tmp_path: Path) -> Iterator[Database]:
#X     opened = Database(tmp_path / 'state.db')
#X     yield opened
#X     opened.close()
#X 
#X 
#X @pytest.fixture
#X def progress(db: Database) -> SqliteProgress:
#X     return SqliteProgress(db)
#X 
#X 
#X @pytest.fixture
#X def work(db: Database) -> SqliteWork:
#X     return SqliteWork(db)
#X 
#X 
#X @pytest.fixture
#X def ledger(db: Database) -> SqliteLedger:
#X     return SqliteLedger(db)
#X 
#X 
#X @pytest.fixture
#X def request_times(db: Database) -> RequestTimes:
#X     return RequestTimes(db)
#X 
#X 
#X @pytest.fixture
#X def error_log(db: Database) -> ErrorLog:
#X     return ErrorLog(db)
