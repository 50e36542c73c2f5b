"""What a query gets to see, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The one table a query ends in."""

    columns: tuple[tuple[str, str], ...]
    """Name and KQL type of each column."""
    rows: list[list[Any]]
    """JSON values as the service writes them: times end in `Z`, `dynamic` is JSON as text, missing
    text is empty, and whatever else is missing is `None`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How much of a table one query gets to see, in the SQL of DuckDB."""

    condition: str = 'true'
    columns: Mapping[str, str] = field(default_factory=dict)
    """Expression in the place of each of these columns."""
