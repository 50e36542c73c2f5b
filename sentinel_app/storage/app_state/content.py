"""Content of the TinyDB file, as models."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.job import History, Job, Update
from sentinel_app.core.notice import Notice
from sentinel_app.core.query import Query, QueryList
from sentinel_app.core.revocation import Withdrawal
from sentinel_app.core.schedule import Schedule
from sentinel_app.core.task import TaskState
from sentinel_app.core.window import Cursor
from sentinel_app.storage.app_state.atomic_json import Tables
from sentinel_app.storage.app_state.encoding import decode

_MOST_COUNTED: Final = 10**12
"""Maximum of stored counters, which the App never reaches by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Order of the queries, which are stored one by one, and who saved it."""

    version: int
    ids: tuple[str, ...]
    saved_at: dt.datetime | None = None
    saved_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The whole app state as models. It is immutable and replaced, so reading needs no lock."""

    query_list: QueryList = field(default_factory=lambda: QueryList(version=0, queries=()))
    schedule: Schedule = field(default_factory=Schedule)
    updates: Mapping[str, Update] = field(default_factory=dict)
    jobs: Mapping[str, Job] = field(default_factory=dict)
    history: History = field(default_factory=History)
    cursors: Mapping[str, Cursor] = field(default_factory=dict)
    withdrawals: Mapping[str, Withdrawal] = field(default_factory=dict)
    """Withdrawals by the id of the deleted query."""
    tasks: Mapping[str, TaskState] = field(default_factory=dict)
    """States of Tasks by slug; Tasks of other versions are kept."""
    notices: Mapping[str, Notice] = field(default_factory=dict)
    """Notices of notifications, by condition key."""
    audit: Mapping[int, AuditEntry] = field(default_factory=dict)
    """Audit entries by sequence number, oldest first."""


def decoded_state(tables: Tables) -> State:
    """Return the file's tables as models.

    Raises:
        KeyError, TypeError, ValueError: they have another shape, or are inconsistent.
    """

    def each(name: str, kind: type[Any], key_of: Callable[[Any], str] | None = None) -> Any:
        found = {key: decode(kind, document) for key, document in tables.get(name, {}).items()}
        if key_of and any(key != key_of(model) for key, model in found.items()):
            raise ValueError(f'something in {name} has the key of another one')
        return found

    settings = tables.get('settings', {})
    queries = each('queries', Query, lambda query: query.id)
    listed = decode(Listing, settings.get('query_list', {'version': 0, 'ids': []}))
    ids = listed.ids
    if len(set(ids)) < len(ids):
        raise ValueError('a query is listed twice')
    audit = sorted((_number(key), entry) for key, entry in each('audit', AuditEntry).items())
    state = State(
        query_list=QueryList(
            version=_counter(listed.version),
            queries=tuple(queries[key] for key in ids),
            saved_at=listed.saved_at,
            saved_by=listed.saved_by,
        ),
        schedule=decode(Schedule, settings.get('schedule', {})),
        history=decode(History, settings.get('history', {})),
        updates=each('updates', Update, lambda update: update.id),
        jobs=each('jobs', Job, lambda job: job.request_id),
        cursors=each('cursors', Cursor, lambda cursor: cursor.query_id),
        withdrawals=each('withdrawals', Withdrawal, lambda wanted: wanted.query.id),
        tasks=each('tasks', TaskState),
        notices=each('notices', Notice),
        audit=dict(audit),
    )
    _require_completable(state)
    return state


def _require_completable(state: State) -> None:
    """Check that every Job and update can still end.

    Raises:
        ValueError: something would stay open for ever.
    """
    going = {update.id for update in state.updates.values() if update.ended_at is None}
    if any(not job.status.is_final and job.update_id not in going for job in state.jobs.values()):
        raise ValueError('a Job that goes on has no update that does')
    if sum(state.updates[key].started_at is not None for key in going) > 1:
        raise ValueError('two updates run at once')


def _counter(number: int) -> int:
    if not 0 <= number <= _MOST_COUNTED:
        raise ValueError('a counter is out of range')
    return number


def _number(key: str) -> int:
    number = _counter(int(key))
    if str(number) != key:
        raise ValueError(f'{key!r:.60} is no number')
    return number
