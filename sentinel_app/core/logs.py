"""Port to the Log Analytics query API, by which the workspace's tables are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class LogRows:
    """The one table of an answer.

    Args:
        columns: names of its columns.
        rows: the values of each row, in the order of the columns.
    """

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


class Logs(Protocol):
    """The tables of one workspace. Each call is one attempt."""

    def query(self, kql: str, columns: Sequence[str]) -> LogRows:
        """Run a query and return its rows.

        Args:
            kql: the query; it sorts, limits and names what it returns.
            columns: the columns that the answer must have, in the order in which they are returned.

        Raises:
            LogsThrottledError, LogsServerError, LogsUnauthorizedError, TokenError: retry.
            LogsTooLargeError: ask for less at once.
            LogsTableError: the table or a column does not exist.
            LogsDeniedError, LogsRefusedError, TokenRefusedError: a person must act.
        """
        ...

    def forget_token(self) -> None:
        """Discard the token, so that the next query gets a new one."""
        ...
