"""Change of the app state when a list of TQL queries is saved."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.job import Mode
from sentinel_app.core.query import Query, QueryList
from sentinel_app.core.revocation import Withdrawal
from sentinel_app.core.schedule import Schedule, with_full_required
from sentinel_app.core.window import EVERYTHING, Cursor
from sentinel_app.storage.app_state.content import State


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class QueryChange:
    """What a new list of queries changes."""

    query_list: QueryList
    schedule: Schedule
    removed_cursors: Sequence[str]
    """Queries that are gone."""
    restarted_cursors: Mapping[str, Cursor]
    """Cursors of queries that are enabled again, by query id."""
    withdrawals: Mapping[str, Withdrawal]
    """Requested withdrawals, by the id of the deleted query."""


def query_change(
    state: State,
    queries: Sequence[Query],
    *,
    next_mode: Mode | None,
    audit: AuditEntry,
    withdraw: Collection[str],
) -> QueryChange:
    """Return what a new list changes.

    Args:
        state: the state that has the current list.
        queries: the new list.
        next_mode: the mode of the next scheduled update; None for no change.
        audit: the audit entry.
        withdraw: deleted queries whose objects an update is to withdraw.
    """
    old = state.query_list
    schedule = state.schedule
    if next_mode is Mode.FULL:
        schedule = with_full_required(schedule)
    elif next_mode is not None:
        schedule = dataclasses.replace(schedule, next_mode=next_mode)
    ids = {query.id for query in queries}
    return QueryChange(
        query_list=QueryList(
            version=old.version + 1,
            queries=tuple(queries),
            saved_at=audit.at,
            saved_by=audit.user,
        ),
        schedule=schedule,
        removed_cursors=[query_id for query_id in state.cursors if query_id not in ids],
        restarted_cursors={
            query.id: Cursor(query_id=query.id, selection=query.selection, at=EVERYTHING)
            for query in queries
            if query.is_enabled and query.id in old.disabled_ids
        },
        withdrawals={
            query.id: Withdrawal(query=query, at=audit.at, by=audit.user)
            for query in old.queries
            if query.id in withdraw and query.id not in ids
        },
    )
