"""Filters of the audit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Unpack

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.list_filter import AuditFilters


def selected_audit(
    entries: Iterable[AuditEntry], **filters: Unpack[AuditFilters]
) -> tuple[AuditEntry, ...]:
    """Return the entries that match every given filter, in their order."""
    action, part = filters.get('action'), filters.get('user_part', '').casefold()
    query_id, update_id = filters.get('query_id'), filters.get('update_id')
    after, before = filters.get('after'), filters.get('before')
    return tuple(
        entry
        for entry in entries
        if (action is None or entry.action == action)
        and (not part or part in (entry.user or '').casefold())
        and (query_id is None or query_id in entry.query_ids)
        and (update_id is None or update_id in entry.update_ids)
        and (after is None or entry.at >= after)
        and (before is None or entry.at < before)
    )
