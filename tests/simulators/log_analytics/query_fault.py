"""Why a query has no answer."""

from __future__ import annotations


class QueryFault(Exception):  # noqa: N818 - the fault is the query's, not the engine's
    """A query without an answer; `name` is what it is about, where that is known."""

    def __init__(self, text: str, name: str = '') -> None:
        super().__init__(text)
        self.name = name


class SyntaxFault(QueryFault):
    """A query that does not parse; `line` and `position` where it stops, both from 1."""

    def __init__(self, text: str, line: int = 1, position: int = 1) -> None:
        super().__init__(text)
        self.line = line
        self.position = position


class SemanticFault(QueryFault):
    """A query that names a table or a column that is not there."""

    def __init__(self, name: str, *, is_table: bool) -> None:
        kind = 'table or column' if is_table else 'column or scalar'
        super().__init__(f"Failed to resolve {kind} expression named '{name}'", name)
        self.is_table = is_table


class UnsupportedFault(QueryFault):
    """A query that this engine cannot evaluate, though the service may."""
