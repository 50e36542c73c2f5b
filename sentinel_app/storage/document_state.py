"""What the TinyDB file holds, as models, and the tables that it is stored in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tinydb import TinyDB
from tinydb.table import Table

from sentinel_app.core.models import AuditEntry, Cursor, Job, Query, QueryList, Schedule, Update
from sentinel_app.core.task import TaskState
from sentinel_app.storage.atomic_json import Tables
from sentinel_app.storage.encoding import decode


class KeyedTable(Table):
    """A TinyDB table whose documents go by a name of ours, not by a number."""

    document_id_class = str  # type: ignore[assignment]

    def put(self, documents: Mapping[str, Mapping[str, Any]]) -> None:
        """Store each document under its key, in place of the one that was there."""
        self._update_table(lambda table: table.update(documents))  # type: ignore[arg-type]

    def drop(self, keys: Iterable[str]) -> None:
        """Remove the documents of these keys."""
        self.remove(doc_ids=list(keys))  # type: ignore[arg-type]


class KeyedTinyDB(TinyDB):
    """TinyDB with such tables."""

    table_class = KeyedTable


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything as models. Never changed, only replaced, so that reading takes no lock."""

    query_list: QueryList = field(default_factory=lambda: QueryList(version=0, queries=()))
    schedule: Schedule = field(default_factory=Schedule)
    updates: Mapping[str, Update] = field(default_factory=dict)
    jobs: Mapping[str, Job] = field(default_factory=dict)
    cursors: Mapping[str, Cursor] = field(default_factory=dict)
    tasks: Mapping[str, TaskState] = field(default_factory=dict)
    """By slug; those of another version's Tasks are kept as they are."""
    audit: Mapping[int, AuditEntry] = field(default_factory=dict)
    """By running number, oldest first."""


def decoded_state(tables: Tables) -> State:
    """The file's tables as models.

    Raises:
        KeyError, TypeError, ValueError: they have another shape.
    """

    def each(name: str, kind: type[Any]) -> dict[str, Any]:
        return {key: decode(kind, document) for key, document in tables.get(name, {}).items()}

    settings = tables.get('settings', {})
    queries = each('queries', Query)
    listed = settings.get('query_list', {'version': 0, 'ids': []})
    audit = sorted((int(key), entry) for key, entry in each('audit', AuditEntry).items())
    return State(
        query_list=QueryList(
            version=int(listed['version']), queries=tuple(queries[key] for key in listed['ids'])
        ),
        schedule=decode(Schedule, settings.get('schedule', {})),
        updates=each('updates', Update),
        jobs=each('jobs', Job),
        cursors=each('cursors', Cursor),
        tasks=each('tasks', TaskState),
        audit=dict(audit),
    )
