"""Every KQL text that the project ships."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from content.source import queries

SOURCES: tuple[Callable[[], Mapping[str, str]], ...] = (queries,)
"""Functions that return queries by name; a part of the project that has some is added here."""


def shipped_queries() -> dict[str, str]:
    """All queries by name."""
    return {name: text for source in SOURCES for name, text in source().items()}
