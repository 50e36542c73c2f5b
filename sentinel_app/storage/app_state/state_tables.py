"""Tables of the TinyDB file, with text keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from tinydb import TinyDB
from tinydb.table import Table

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.query import QueryList
from sentinel_app.core.schedule import Schedule
from sentinel_app.storage.app_state.atomic_json import AtomicJsonStorage
from sentinel_app.storage.app_state.content import Listing
from sentinel_app.storage.app_state.encoding import encode

MAX_AUDIT: Final = 1_000


class KeyedTable(Table):
    """A TinyDB table whose documents have text keys in place of numbers."""

    document_id_class = str  # type: ignore[assignment]

    def _update_table(self, updater: Callable[[dict[int, Mapping[str, Any]]], None]) -> None:
        # As in TinyDB, but without creating an object for each document on every change.
        tables: dict[str, Any] = self._storage.read() or {}
        updater(tables.setdefault(self.name, {}))
        self._storage.write(tables)
        self.clear_cache()

    def put(self, documents: Mapping[str, Mapping[str, Any]]) -> None:
        """Store each document under its key, replacing an existing one."""
        self._update_table(lambda table: table.update(documents))  # type: ignore[arg-type]

    def drop(self, keys: Iterable[str]) -> None:
        """Remove the documents with these keys."""
        self.remove(doc_ids=list(keys))  # type: ignore[arg-type]


class KeyedTinyDB(TinyDB):
    """TinyDB with text keys."""

    table_class = KeyedTable


class StateTables:
    """Stages models in the tables; the storage writes them together."""

    def __init__(self, storage: AtomicJsonStorage) -> None:
        self._db = KeyedTinyDB(storage=lambda: storage)

    def put(self, name: str, models: Mapping[str, object]) -> None:
        """Store each model under its key, replacing an existing one."""
        self._table(name).put({key: encode(each) for key, each in models.items()})

    def replace(self, name: str, models: Mapping[str, object]) -> None:
        """Replace everything in a table."""
        self._table(name).truncate()
        self.put(name, models)

    def drop(self, name: str, keys: Iterable[str]) -> None:
        """Remove the models with these keys."""
        self._table(name).drop(keys)

    def put_settings(self, query_list: QueryList, schedule: Schedule) -> None:
        """Store the order of the queries, who saved it, and the schedule."""
        listing = Listing(
            version=query_list.version,
            ids=tuple(query.id for query in query_list.queries),
            saved_at=query_list.saved_at,
            saved_by=query_list.saved_by,
        )
        self.put('settings', {'query_list': listing, 'schedule': schedule})

    def put_audit(
        self, audit: Mapping[int, AuditEntry], entry: AuditEntry
    ) -> Mapping[int, AuditEntry]:
        """Store an entry, and remove the oldest; return the new audit."""
        number = max(audit, default=0) + 1
        entries = {**audit, number: entry}
        gone = list(entries)[:-MAX_AUDIT]
        self.put('audit', {str(number): entry})
        self.drop('audit', [str(each) for each in gone])
        return {each: kept for each, kept in entries.items() if each not in gone}

    def _table(self, name: str) -> KeyedTable:
        table = self._db.table(name, cache_size=0)
        assert isinstance(table, KeyedTable)  # noqa: S101 - tells the type checker
        return table
