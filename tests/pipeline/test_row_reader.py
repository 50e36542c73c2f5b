"""Reading beside the queries gives every row, whatever interrupts it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, cast

import pytest

from sentinel_app.core.question import Question
from sentinel_app.core.row import Row, row_id
from sentinel_app.core.time_range import TimeRange
from sentinel_app.core.tql import range_clause
from sentinel_app.errors import StorageError
from sentinel_app.pipeline.probe import Probe
from sentinel_app.pipeline.row_reader import RowReader
from sentinel_app.pipeline.trouble import Troubles
from tests.harness.builders.app_state import make_update, minutes
from tests.harness.clocks import StandingClock
from tests.pipeline.rows import RowSource


class ByTime:
    """Has found that reading by id cannot be trusted."""

    def verify(self, *_: Any) -> None:
        """Every question arrives."""

    def is_by_id(self, *_: Any) -> bool:
        return False


@pytest.mark.parametrize('place', range(1, 6))
def test_interrupted_reading_starts_anew(place: int) -> None:
    # All of one second, so that they are gathered by offset.
    source = RowSource(dict.fromkeys(range(100), minutes(0)), cap=30)
    reader = RowReader(
        source=source,
        probe=cast(Probe, ByTime()),
        clock=StandingClock(),
        troubles=Troubles(StandingClock()),
    )
    found: set[int] = set()
    pages = iter(range(1, 100))

    def take(rows: Sequence[Row]) -> None:
        if next(pages) == place:
            raise StorageError('The disk is full.')
        found.update(row_id(row) for row in rows)

    def read() -> None:
        reader.read(
            make_update(),
            'lost',
            lambda part, _: Question(tql=range_clause(part) or 'everything'),
            TimeRange(start_at=minutes(0)),
            take=take,
            stop=threading.Event(),
        )

    with pytest.raises(StorageError):
        read()
    # Whoever reads holds what it has found in memory only, and begins anew as well.
    found.clear()
    read()
    assert found == set(range(100))
