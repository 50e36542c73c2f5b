"""Log Analytics without a network: implements `Logs` over answers that are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sentinel_app.core.logs import LogRows


@dataclass
class ListedLogs:
    """Answers each query by the next of `answers`, the last one for ever.

    Args:
        answers: rows to return, or errors to raise.
        before: is called in each query, before it is answered.
    """

    answers: list[Sequence[Sequence[Any]] | Exception] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    queries: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    forgotten: int = 0

    def query(self, kql: str, columns: Sequence[str]) -> LogRows:
        self.queries.append((kql, tuple(columns)))
        self.before()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return LogRows(columns=tuple(columns), rows=answer)

    def forget_token(self) -> None:
        self.forgotten += 1
