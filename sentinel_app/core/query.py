"""Saved TQL queries."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass
from enum import StrEnum

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.invisible import BLANK, CONTROL, IGNORABLE
from sentinel_app.core.text import shortened
from sentinel_app.errors import ConflictError

MAX_NAME_CHARS = 80
MAX_NOTE_CHARS = 500
_LABEL_CHARS = 80

_UNSEEN = re.compile(f'[{IGNORABLE}]')
_GAP = re.compile(f'[{BLANK}{CONTROL}]+')
_LINE_END = re.compile('\r\n?|[\x85\u2028\u2029]')


class WithdrawPolicy(StrEnum):
    """Choices of which Indicators are withdrawn from Sentinel."""

    NEVER = 'Never'
    DELETED = 'Deleted in ThreatConnect'
    DELETED_OR_NO_LONGER_MATCHING = 'Deleted or no longer matching'


class SortDirection(StrEnum):
    """Order in which a TQL query's Indicators are sent."""

    ASCENDING = 'asc'
    DESCENDING = 'desc'


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One saved row of CONFIGURE. Its position in the list is its precedence.

    A disabled query takes part in no update and has no precedence. It keeps its position, and its
    objects stay in Sentinel until they expire.
    """

    id: str
    name: str | None = None
    note: str | None = None
    is_enabled: bool = True
    owners: tuple[str, ...]
    indicator_types: tuple[IndicatorType, ...]
    tql: str
    sort_field: str | None = None
    sort_direction: SortDirection = SortDirection.ASCENDING

    @property
    def label(self) -> str:
        """Label of the query: its name, else the beginning of its TQL, else its scope."""
        if self.is_labeled_by_scope:
            return shortened(self._scope(), _LABEL_CHARS)
        words = self.name or ' '.join(self.tql.split())
        return shortened(words, _LABEL_CHARS)

    @property
    def is_labeled_by_scope(self) -> bool:
        """Whether it has neither name nor TQL, so that its label lists types and owners."""
        return not self.name and not self.tql.split()

    def numbered(self, position: int) -> str:
        """Return its number and its label for use in sentences: `2 (Phishing)`."""
        return f'{position + 1} ({self.label})'

    def _scope(self) -> str:
        owners = ', '.join(self.owners)
        if len(set(self.indicator_types)) == len(IndicatorType):
            return f'All Indicators in {owners}'
        return (
            f'All {", ".join(each.label for each in self.indicator_types)} Indicators in {owners}'
        )

    @property
    def selection(self) -> str:
        """Digest of what the query selects; it changes when an edit changes the selection."""
        parts = [sorted(self.owners), sorted(self.indicator_types), self.tql.strip()]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryList:
    """Saved TQL queries, highest precedence first, and the version for optimistic locking."""

    version: int
    queries: tuple[Query, ...]
    saved_at: dt.datetime | None = None
    """When the list was saved; None if never."""
    saved_by: str | None = None
    """User who saved it; None if ThreatConnect did not name one."""

    @property
    def enabled(self) -> tuple[Query, ...]:
        """Enabled queries, highest precedence first."""
        return tuple(query for query in self.queries if query.is_enabled)

    @property
    def enabled_places(self) -> tuple[tuple[int, Query], ...]:
        """Enabled queries, each with its position in the whole list."""
        return tuple((place, query) for place, query in enumerate(self.queries) if query.is_enabled)

    @property
    def disabled_ids(self) -> frozenset[str]:
        """Ids of the disabled queries."""
        return frozenset(query.id for query in self.queries if not query.is_enabled)

    def position(self, query_id: str) -> int | None:
        """Return the position of a query, 0 for the highest; None if it is no longer saved."""
        for position, query in enumerate(self.queries):
            if query.id == query_id:
                return position
        return None

    def conflict(self) -> ConflictError:
        """Return the error for a save that was based on an older list."""
        who = self.saved_by or 'somebody else'
        return ConflictError(
            f'This list was changed by {who} meanwhile. Load the newer list and make your change '
            'again.',
            context={
                'version': self.version,
                'saved_at': self.saved_at,
                'saved_by': self.saved_by,
            },
        )


def clean_name(text: str | None) -> str | None:
    """Return a name on one line without invisible characters; None if nothing is left."""
    return _GAP.sub(' ', _UNSEEN.sub('', text or '')).strip() or None


def clean_note(text: str | None) -> str | None:
    """Return a note without invisible characters; None if nothing is left."""
    lines = _LINE_END.sub('\n', text or '').split('\n')
    return '\n'.join(clean_name(line) or '' for line in lines).strip() or None
