"""ThreatConnect as the App reads it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
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
    """How many entries the list has in all, where it says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePage:
    """One page of raw v3 rows."""

    rows: tuple[Mapping[str, object], ...]
    server_at: dt.datetime
    """The server's own time, from its `Date` header."""
    count: int | None = None
    """How many rows match in all, where that was asked for."""


class Source(Protocol):
    """ThreatConnect. Each call is one attempt; who calls decides about another."""

    def read_page(self, question: Question, *, limit: int) -> SourcePage:
        """Return up to `limit` matching rows in ascending order of id.

        Raises:
            ReadTimeoutError: no answer in time, or a server error: a smaller page may do.
            ReadOrderError: rows out of order, or not behind the id asked for.
            ReadError: an answer that is no page; 429.
            ReadAuthError: the credentials were refused.
            QueryError: the query was refused.
            AnswerError, ActivityError: the answer does not fit the question.
            GatewayError: something in between refused the request.
        """
        ...

    def read_window(self, question: Question, *, limit: int, offset: int) -> SourcePage:
        """Return up to `limit` matching rows in whatever order they come, after so many others.

        The first page (`offset` 0) says how many match in all.

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
        """Ask, in the form in which the question travels, what must be empty.

        Raises:
            SentinelAppError: as for `read_page`; `AnswerError` where something came.
        """
        ...

    def deleted(
        self, owner: str, *, since: dt.datetime | None, start: int, limit: int
    ) -> DeletedPage:
        """Return a page of an owner's deleted Indicators.

        Raises:
            SentinelAppError: as for `read_page`; `AnswerError` where an entry is of another owner.
        """
        ...

    def owners(self) -> tuple[Owner, ...]:
        """Return the owners that the API user can read Indicators of."""
        ...

    def keywords(self) -> tuple[TqlKeyword, ...]:
        """Return the words that this instance's TQL knows for Indicators."""
        ...
