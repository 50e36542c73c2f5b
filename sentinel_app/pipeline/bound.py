"""Bound on the size of a reading, for a ThreatConnect that never stops returning rows."""

from __future__ import annotations

from collections.abc import Callable

from sentinel_app.errors import FatalError

MOST_TIMES = 4
SPARE_ROWS = 2_000
"""Allowed rows beyond the count, as rows may be added, or modified and read again, meanwhile."""

MOST_ROWS = 100_000_000
"""Maximum rows of a reading, far above what any instance holds."""

MOST_POOR_PAGES = 300
"""Number of nearly empty pages after which a reading is abandoned."""

LEAST_BY_TIME = 1 / 64
"""Minimum rows per page when reading by time: many ranges between sparse rows are empty."""


class ReadingBound:
    """Counts the pages and rows of one reading, and ends it if it makes no progress.

    Args:
        count: returns the total number of rows, None if unknown; called only for unusually many
            rows, and again once there are more than it returned.
        most_rows: maximum rows of the reading.
        least_on_page: minimum average rows per page that count as progress.
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
        """Add a page with this number of rows.

        Raises:
            FatalError: the reading makes no progress, or has too many rows.
            RetryableError, FatalError: as raised by `count`.
        """
        self._rows += rows
        self._pages += 1
        if self._pages >= MOST_POOR_PAGES and self._rows < self._least_on_page * self._pages:
            raise self._endless(f' in {self._pages:,} responses')
        if self._rows > self._allowed:
            counted = self._count()
            if counted is None:
                self._allowed = self._most_rows
            else:
                self._allowed = MOST_TIMES * counted + SPARE_ROWS
            if self._rows > min(self._allowed, self._most_rows):
                total = '' if counted is None else f', though it counts {counted:,}'
                raise self._endless(total)

    def _endless(self, fact: str) -> FatalError:
        return FatalError(
            f'ThreatConnect keeps returning rows without end: there are {self._rows:,} so far'
            f'{fact}. What was read before has been processed; the next update tries again. Check '
            'that no proxy or gateway in between changes requests; if there is none, contact '
            'ThreatConnect support.',
            code='TC-READ',
        )
