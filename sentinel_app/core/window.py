"""Windows of `lastModified`, and the cursors where they begin."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A half-open range of `lastModified`, by ThreatConnect's clock, in whole seconds.

    `start_at` is None for a reading of everything.
    """

    start_at: dt.datetime | None
    end_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Time up to which everything modified has been processed, for one TQL query."""

    query_id: str
    selection: str
    at: dt.datetime


OVERLAP_S: Final = 300
"""Overlap of windows, in seconds, for changes that were being written during the last reading.

Reading an Indicator again costs a look-up in the ledger; a missed one would be lost for good.
"""

GREATEST_SKEW: Final = dt.timedelta(minutes=5)
"""Maximum difference of the two clocks; beyond it, ThreatConnect refuses the signature.

Source: ThreatConnect developer documentation, "Quick Start", on the Timestamp header.
"""

EVERYTHING = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""Cursor of a query of which nothing has been processed."""


def believed(at: dt.datetime | None, now: dt.datetime) -> dt.datetime | None:
    """Return a stored time, or None if it cannot be right.

    A time further in the future than two clocks can differ comes from a wrong response, a restored
    file, or a clock that was set back since. A reading from there would omit everything before it.
    """
    return None if at is not None and at - now > GREATEST_SKEW else at


def next_window(
    *, cursor_at: dt.datetime | None, server_now: dt.datetime, overlap_s: int = OVERLAP_S
) -> Window:
    """Return the window that begins before the cursor and ends now, by ThreatConnect's clock.

    The end becomes the next cursor, so windows tile without gaps. That holds even if
    ThreatConnect's clock was set back: then the window begins before the new time, as changes after
    the correction have times before the old cursor.

    Args:
        cursor_at: the cursor's time; None for a reading of everything.
        server_now: ThreatConnect's current time, from its `Date` header.
        overlap_s: seconds before the cursor at which the window begins, 0 or more.
    """
    if overlap_s < 0:
        raise ValueError('the overlap must not be negative')
    end_at = server_now.astimezone(dt.UTC).replace(microsecond=0)
    if cursor_at is None:
        return Window(start_at=None, end_at=end_at)
    start_at = min(cursor_at.astimezone(dt.UTC), end_at) - dt.timedelta(seconds=overlap_s)
    return Window(start_at=start_at.replace(microsecond=0), end_at=end_at)


def start_after(cursor: Cursor, now: dt.datetime) -> dt.datetime | None:
    """Return where a delta from a cursor begins; None for a reading of everything."""
    at = believed(cursor.at, now)
    if at is None or at <= EVERYTHING:
        return None
    return next_window(cursor_at=at, server_now=at).start_at


def cursor_before(window: Window) -> dt.datetime:
    """Return the latest cursor whose next window begins no later than this one.

    That is not the window's start: the next window begins before its cursor, so a cursor that is
    set back repeatedly would drift.
    """
    if window.start_at is None:
        return EVERYTHING
    return window.start_at + dt.timedelta(seconds=OVERLAP_S)
