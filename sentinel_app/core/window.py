"""Windows of `lastModified`, and the cursors that they begin at."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A half-open range of `lastModified`, in ThreatConnect's own time, whole seconds.

    `start_at` is None for a reading of everything.
    """

    start_at: dt.datetime | None
    end_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Up to when everything modified is known to be dealt with, for one TQL query."""

    query_id: str
    selection: str
    at: dt.datetime


OVERLAP_S: Final = 300
"""Rows whose change was being written while the last window was read lie this far back at most.

Reading some Indicators again costs a look-up in the ledger; missing one would be for ever.
"""

GREATEST_SKEW: Final = dt.timedelta(minutes=5)
"""How far our clock can be from ThreatConnect's, or it would refuse the signature.

Source: ThreatConnect developer documentation, "Quick Start", on the Timestamp header.
"""

EVERYTHING = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""The cursor of a query of which nothing is dealt with yet."""


def believed(at: dt.datetime | None, now: dt.datetime) -> dt.datetime | None:
    """Return a stored time, or None where it cannot be right.

    A time that lies further in the future than two clocks can differ was never the present: it
    comes of a wrong answer, a restored file, or a clock that was put back since. Whoever began
    there would leave out what lies before it.
    """
    return None if at is not None and at - now > GREATEST_SKEW else at


def next_window(
    *, cursor_at: dt.datetime | None, server_now: dt.datetime, overlap_s: int = OVERLAP_S
) -> Window:
    """Return the window that begins before the cursor and ends now, in ThreatConnect's own time.

    The end becomes the next cursor, so windows tile: none begins after the one before has ended.
    That holds even if ThreatConnect's clock was set back meanwhile, for then the window begins
    before the new time: what changes after such a correction has a time before the old cursor.

    Args:
        cursor_at: up to when everything is dealt with; None for a reading of everything.
        server_now: ThreatConnect's present, from its `Date` header.
        overlap_s: how far before the cursor the window begins, in seconds, 0 or more.
    """
    if overlap_s < 0:
        raise ValueError('the overlap must not be negative')
    end_at = server_now.astimezone(dt.UTC).replace(microsecond=0)
    if cursor_at is None:
        return Window(start_at=None, end_at=end_at)
    start_at = min(cursor_at.astimezone(dt.UTC), end_at) - dt.timedelta(seconds=overlap_s)
    return Window(start_at=start_at.replace(microsecond=0), end_at=end_at)


def start_after(cursor: Cursor, now: dt.datetime) -> dt.datetime | None:
    """Return where a delta that goes on from a cursor begins; None for a reading of everything."""
    at = believed(cursor.at, now)
    if at is None or at <= EVERYTHING:
        return None
    return next_window(cursor_at=at, server_now=at).start_at


def cursor_before(window: Window) -> dt.datetime:
    """Return the latest cursor after which the next window begins no later than this one did.

    It is not the window's start itself: the next window begins before its cursor, so a cursor that
    is set back again and again would wander away from where it was.
    """
    if window.start_at is None:
        return EVERYTHING
    return window.start_at + dt.timedelta(seconds=OVERLAP_S)
