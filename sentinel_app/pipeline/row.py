"""Raw rows as a source gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Row = Mapping[str, object]


def row_id(row: Row) -> int:
    """Give the id of a row; a source has seen to it that there is one."""
    value = row['id']
    if not isinstance(value, int):
        raise TypeError('a source gives rows with whole numbers as ids')
    return value


def distinct(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Give each row once; an instance may repeat some."""
    return tuple({row_id(row): row for row in rows}.values())
