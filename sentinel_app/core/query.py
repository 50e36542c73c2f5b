"""The saved TQL queries."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

from sentinel_app.core.indicator import IndicatorType


class WithdrawPolicy(StrEnum):
    """Which Indicators are withdrawn from Sentinel."""

    NEVER = 'Never'
    DELETED = 'Deleted in ThreatConnect'
    DELETED_OR_NO_LONGER_MATCHING = 'Deleted or no longer matching'


class SortDirection(StrEnum):
    """The order in which a TQL query's Indicators are sent."""

    ASCENDING = 'asc'
    DESCENDING = 'desc'


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One saved row of CONFIGURE. Its position in the list is its precedence."""

    id: str
    owners: tuple[str, ...]
    indicator_types: tuple[IndicatorType, ...]
    tql: str
    sort_field: str | None = None
    sort_direction: SortDirection = SortDirection.ASCENDING

    @property
    def selection(self) -> str:
        """A digest of what the query selects: another one when it is edited to mean another set."""
        parts = [sorted(self.owners), sorted(self.indicator_types), self.tql.strip()]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryList:
    """The saved TQL queries, highest precedence first, and the version that guards a save."""

    version: int
    queries: tuple[Query, ...]

    def position(self, query_id: str) -> int | None:
        """Position of a query, 0 the highest; None when it is no longer there."""
        for position, query in enumerate(self.queries):
            if query.id == query_id:
                return position
        return None
