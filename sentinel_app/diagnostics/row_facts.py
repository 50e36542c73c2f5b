"""Members by which people recognize a row of ThreatConnect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFacts:
    """Texts of a row, unchecked."""

    id: int | None
    type: str | None
    summary: str | None
    owner_name: str | None
    web_link: str | None


def row_facts(row: Mapping[str, object]) -> RowFacts:
    """Return the identifying members of a row."""
    number = row.get('id')
    return RowFacts(
        id=number if isinstance(number, int) and not isinstance(number, bool) else None,
        type=_text(row, 'type'),
        summary=_text(row, 'summary'),
        owner_name=_text(row, 'ownerName'),
        web_link=_text(row, 'webLink'),
    )


def _text(row: Mapping[str, object], name: str) -> str | None:
    value = row.get(name)
    return value if isinstance(value, str) else None
