"""Screening: which rows of ThreatConnect could be sent, and why the others cannot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sentinel_app.core.indicator import Indicator
from sentinel_app.core.job import Outcome
from sentinel_app.core.mapping import is_expired
from sentinel_app.core.timestamp import to_seconds
from sentinel_app.errors import SkippableError

NOT_ACTIVE = 'It is not active in ThreatConnect.'


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismissal:
    """A row that cannot be sent and takes no part in precedence."""

    outcome: Outcome
    reason: str
    """Why, as a sentence for people."""
    error: SkippableError | None = None
    """The error, if the row itself is invalid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """Separates candidates from rows that cannot be sent.

    Args:
        parse: parses a raw row into an Indicator; raises `SkippableError` if it cannot be sent.
        withheld_reason: returns why an Indicator is held back, or None.
    """

    parse: Callable[[Mapping[str, object]], Indicator]
    withheld_reason: Callable[[Indicator], str | None]

    def screen(self, row: Mapping[str, object], now: dt.datetime) -> Indicator | Dismissal:
        """Return the Indicator if it could be sent; else the reason why not."""
        try:
            indicator = self.parse(row)
        except SkippableError as error:
            is_unsupported = error.code == 'MAP-TYPE'
            return Dismissal(
                outcome=Outcome.UNSUPPORTED if is_unsupported else Outcome.INVALID,
                reason=error.message,
                error=error,
            )
        if is_expired(indicator, now):
            ended = indicator.expires_at and to_seconds(indicator.expires_at)
            return Dismissal(
                outcome=Outcome.EXPIRED, reason=f'ThreatConnect says that it expired at {ended}.'
            )
        reason = self.withheld_reason(indicator) if indicator.is_active else NOT_ACTIVE
        if reason is not None:
            return Dismissal(outcome=Outcome.WITHHELD, reason=reason)
        return indicator
