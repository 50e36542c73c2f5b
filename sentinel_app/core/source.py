"""Port to ThreatConnect."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sentinel_app.core.indicator import DeletedIndicator, Owner, TqlKeyword
from sentinel_app.core.question import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedPage:
    """One page of an owner's list of deleted Indicators."""

    entries: tuple[DeletedIndicator, ...]
    server_at: dt.datetime
    """The server's own time, from its `Date` header."""
    count: int | None = None
    """Total number of entries, if the response has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePage:
    """One page of raw v3 rows."""

    rows: tuple[Mapping[str, object], ...]
    server_at: dt.datetime
    """The server's own time, from its `Date` header."""
    count: int | None = None
    """Total number of matching rows, if requested."""
    row_bytes: int = 0
    """Mean size of a row in the response, in bytes; 0 if it is not known."""


class Source(Protocol):
    """ThreatConnect. Each call is one attempt; the caller decides about retries."""

    def read_page(self, question: Question, *, limit: int) -> SourcePage:
        """Return up to `limit` matching rows in ascending order of id.

        Raises:
            ReadTimeoutError: no response in time, or a server error: a smaller page may succeed.
            ReadOrderError: rows out of order, or not after the requested id.
            ReadError: a response that is not a page; status 429.
            ReadAuthError: the credentials were refused.
            QueryError: the query was refused.
            AnswerError, ActivityError: the response does not fit the question.
            GatewayError: a proxy or gateway refused the request.
        """
        ...

    def read_window(self, question: Question, *, limit: int, offset: int) -> SourcePage:
        """Return up to `limit` matching rows in any order, starting at `offset`.

        The first page (`offset` 0) has the total count.

        Raises:
            SentinelAppError: as for `read_page`.
        """
        ...

    def count(self, question: Question) -> tuple[int, dt.datetime]:
        """Return the number of matching Indicators and the server's own time.

        Raises:
            SentinelAppError: as for `read_page`.
        """
        ...

    def verify(self, question: Question) -> None:
        """Send the question restricted so that nothing can match, in the same form of request.

        Raises:
            SentinelAppError: as for `read_page`; `AnswerError` if there are rows.
        """
        ...

    def deleted(
        self, owner: str, *, since: dt.datetime | None, start: int, limit: int
    ) -> DeletedPage:
        """Return a page of an owner's deleted Indicators.

        Raises:
            SentinelAppError: as for `read_page`; `AnswerError` if an entry is of another owner.
        """
        ...

    def owners(self) -> tuple[Owner, ...]:
        """Return the owners whose Indicators the API user can read."""
        ...

    def keywords(self) -> tuple[TqlKeyword, ...]:
        """Return the TQL keywords for Indicators of this instance."""
        ...


class LabeledSource(Source, Protocol):
    """ThreatConnect with the security labels of Groups."""

    def group_labels(self, ids: Sequence[int]) -> Mapping[int, tuple[str, ...]]:
        """Return the security labels of these Groups, where ThreatConnect gives all of them.

        Raises:
            SentinelAppError: as for `read_page`.
        """
        ...
