"""Raw rows as a source gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sentinel_app.errors import ReadOrderError

Row = Mapping[str, object]


def row_id(row: Row) -> int:
    """Give the id of a row; a source has seen to it that there is one."""
    value = row['id']
    if not isinstance(value, int):
        raise TypeError('a source gives rows with whole numbers as ids')
    return value


def rows_after(rows: Sequence[Row], last_id: int | None) -> Sequence[Row]:
    """Give the rows that were not on an earlier page; an instance may repeat some.

    Raises:
        ReadOrderError: all of them were.
    """
    if last_id is None or not rows:
        return rows
    new = [row for row in rows if row_id(row) > last_id]
    if not new:
        raise ReadOrderError(
            'ThreatConnect answered with a page that had been read before, as if it did not know '
            'the TQL clause "id >". Nothing is skipped: the page is asked for again.'
        )
    return new


def distinct(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Give each row once; an instance may repeat some."""
    return tuple({row_id(row): row for row in rows}.values())
