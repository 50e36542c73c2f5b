"""Time ranges of `lastModified`, for instances that cannot be paged by id."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Final

SECOND: Final = dt.timedelta(seconds=1)
"""Resolution of times in TQL, and so the shortest time range."""

BEGINNING: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""Assumed start of a time range without one; its TQL has no such bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """A half-open time range of `lastModified` in whole seconds; None for no bound."""

    start_at: dt.datetime | None = None
    end_at: dt.datetime | None = None

    @property
    def is_one_second(self) -> bool:
        """Whether it cannot be divided; without a start, it is taken to start at `BEGINNING`."""
        return self.end_at is not None and self.end_at - (self.start_at or BEGINNING) <= SECOND

    def length(self, *, present_at: dt.datetime) -> dt.timedelta:
        """Return its length; without an end, up to the present, but at least two seconds."""
        start_at = self.start_at or BEGINNING
        if self.end_at is not None:
            return self.end_at - start_at
        return max(present_at - start_at, 2 * SECOND)

    def head(self, length: dt.timedelta, *, present_at: dt.datetime) -> TimeRange:
        """Return its first part, at least a second long; the whole range if it is not longer."""
        whole_s = max(1, int(length.total_seconds()))
        if dt.timedelta(seconds=whole_s) >= self.length(present_at=present_at):
            return self
        start_at = self.start_at or BEGINNING
        return replace(self, end_at=start_at + dt.timedelta(seconds=whole_s))

    def after(self, head: TimeRange) -> TimeRange | None:
        """Return the part after `head`; None if nothing is left."""
        if head.end_at == self.end_at:
            return None
        return replace(self, start_at=head.end_at)
