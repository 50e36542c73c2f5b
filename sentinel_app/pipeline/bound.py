"""Ends a reading that does not come to an end by itself."""

from __future__ import annotations

from collections.abc import Callable

from sentinel_app.errors import FatalError

MOST_TIMES = 4
SPARE_ROWS = 2_000
"""Rows beyond what is counted: many may be added, or modified and read again, meanwhile."""

MOST_ROWS = 100_000_000
"""Far above what any instance holds."""

MOST_POOR_PAGES = 300
"""So many pages with next to nothing on them never get anywhere."""

LEAST_BY_TIME = 1 / 64
"""Where spans of time are read that hold a row or two, many in between hold none."""


class ReadingBound:
    """Counts the pages and rows of one reading.

    Args:
        count: tells how many rows there are in all, None where that cannot be had; asked only
            where there are more than usual, and again where they are more than it told.
        most_rows: how many there can be at all.
        least_on_page: rows on a page, on average, that get a reading somewhere.
    """

    def __init__(
        self,
        count: Callable[[], int | None],
        *,
        most_rows: int = MOST_ROWS,
        least_on_page: float = 1,
    ) -> None:
        self._count = count
        self._most_rows = most_rows
        self._least_on_page = least_on_page
        self._allowed = SPARE_ROWS
        self._pages = 0
        self._rows = 0

    def add(self, rows: int) -> None:
        """Take account of a page with so many rows.

        Raises:
            FatalError: this reading goes nowhere.
            RetryableError, FatalError: as `count` does.
        """
        self._rows += rows
        self._pages += 1
        if self._pages >= MOST_POOR_PAGES and self._rows < self._least_on_page * self._pages:
            raise self._endless(f' in {self._pages:,} answers')
        if self._rows > self._allowed:
            counted = self._count()
            if counted is None:
                self._allowed = self._most_rows
            else:
                self._allowed = MOST_TIMES * counted + SPARE_ROWS
            if self._rows > min(self._allowed, self._most_rows):
                told = '' if counted is None else f', though it counts {counted:,}'
                raise self._endless(told)

    def _endless(self, fact: str) -> FatalError:
        return FatalError(
            f'ThreatConnect answers without coming to an end: it has given {self._rows:,} entries'
            f'{fact}. What was read before was dealt with; the next update tries again. See that '
            'no proxy or gateway in between changes requests; if there is none, tell the support '
            'of ThreatConnect.',
            code='TC-READ',
        )
